// Backend and linker: what they make, that it is the same each time, and what
// they refuse.
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Parser/Parser.h"
#include "test/codegen/KernelHarness.h"

#include <gtest/gtest.h>

#include <filesystem>

using namespace ingot;
using namespace ingot::test;

namespace {

/// out[i] = a * in[i] + task
cpu::KernelJob axpy(std::string name, const Variant &variant) {
  return kernelJob(
      std::move(name), variant,
      [](mlir::Builder &b) -> std::vector<mlir::Type> {
        auto pointer = mlir::MemRefType::get({1}, b.getF32Type());
        return {pointer, pointer, b.getF32Type(), b.getI64Type()};
      },
      [](cpu::Emitter &e, mlir::ValueRange v) {
        mlir::Value task =
            mlir::arith::SIToFPOp::create(e.b, e.loc, e.f32(), e.toI64(v[0]));
        e.loop(e.index(0), e.toIndex(v[4]), e.index(1), [&](mlir::Value i) {
          cpu::Val x{e, e.loadScalar(v[2], i)};
          e.store(x * cpu::Val(e, v[3]) + cpu::Val(e, task), v[1], i);
        });
      });
}

/// A kernel given as text, for what no generator of ours writes.
cpu::KernelJob textJob(std::string name, std::string text) {
  return {name, cpu::IsaLevel::V3, [=](mlir::MLIRContext &context) {
            return mlir::parseSourceString<mlir::ModuleOp>(text, &context);
          }};
}

TEST(CpuBackend, PassesPointersFloatsAndIntegers) {
  Loaded kernels = Loaded::make({axpy("axpy", variants()[0])});
  ASSERT_TRUE(kernels) << kernels.error;
  std::vector<float> in{1, 2, 3}, out(3);
  kernels.function(0)(10,
                      std::vector<uint64_t>{slot(out.data()), slot(in.data()),
                                            slot(0.5f), slot<int64_t>(3)}
                          .data(),
                      nullptr, nullptr);
  EXPECT_EQ(out, (std::vector<float>{10.5, 11, 11.5}));
}

TEST(CpuBackend, JobsDoNotChangeBytes) {
  std::vector<cpu::KernelJob> jobs;
  for (int i = 0; i < 6; ++i)
    jobs.push_back(axpy("kernel" + std::to_string(i), variants()[i % 3]));
  cpu::CompileOptions one, two;
  two.jobs = 2;
  auto first = cpu::compileKernels(jobs, one);
  auto second = cpu::compileKernels(jobs, two);
  ASSERT_EQ(first.size(), jobs.size());
  for (size_t i = 0; i < jobs.size(); ++i) {
    EXPECT_FALSE(first[i].object.empty()) << first[i].error;
    EXPECT_EQ(first[i].object, second[i].object) << jobs[i].name;
  }
}

TEST(CpuBackend, SeveralKernelsInOneBlob) {
  Loaded kernels =
      Loaded::make({axpy("b", variants()[0]), axpy("a", variants()[1])});
  ASSERT_TRUE(kernels) << kernels.error;
  EXPECT_NE(kernels.blob.entries[0], kernels.blob.entries[1]);
  EXPECT_EQ(kernels.blob.elf.substr(1, 3), "ELF");
}

TEST(CpuLinker, RefusesLibraryCalls) {
  Loaded kernels = Loaded::make({textJob("calls_tan", R"mlir(
    func.func private @tanf(f32) -> f32
    func.func @calls_tan(%t: i64, %x: memref<1xf32>, %s: memref<1xi8>, %u: memref<1xi64>) {
      %c0 = arith.constant 0 : index
      %v = memref.load %x[%c0] : memref<1xf32>
      %y = func.call @tanf(%v) : (f32) -> f32
      memref.store %y, %x[%c0] : memref<1xf32>
      return
    })mlir")});
  EXPECT_FALSE(kernels);
  EXPECT_EQ(kernels.error,
            "kernel 'calls_tan' needs the external symbol 'tanf'\n");
}

TEST(CpuLinker, RefusesWritableData) {
  Loaded kernels = Loaded::make({textJob("counts", R"mlir(
    llvm.mlir.global internal @counter(0 : i64) : i64
    func.func @counts(%t: i64, %s: memref<1xi8>, %u: memref<1xi64>) {
      %p = llvm.mlir.addressof @counter : !llvm.ptr
      llvm.store volatile %t, %p : i64, !llvm.ptr
      return
    })mlir")});
  EXPECT_FALSE(kernels);
  EXPECT_NE(kernels.error.find("kernel 'counts' has writable data"),
            std::string::npos)
      << kernels.error;
}

TEST(CpuLinker, RefusesTablesOfPointers) {
  Loaded kernels = Loaded::make({textJob("table", R"mlir(
    llvm.mlir.global internal constant @zero(0 : i64) : i64
    llvm.mlir.global external constant @pointers() : !llvm.ptr {
      %p = llvm.mlir.addressof @zero : !llvm.ptr
      llvm.return %p : !llvm.ptr
    }
    func.func @table(%t: i64, %s: memref<1xi8>, %u: memref<1xi64>) {
      %p = llvm.mlir.addressof @pointers : !llvm.ptr
      %q = llvm.load volatile %p : !llvm.ptr -> !llvm.ptr
      llvm.store volatile %t, %q : i64, !llvm.ptr
      return
    })mlir")});
  EXPECT_FALSE(kernels);
  EXPECT_NE(kernels.error.find("kernel 'table'"), std::string::npos)
      << kernels.error;
}

TEST(CpuBackend, ReportsWhatItCannotLower) {
  Loaded kernels = Loaded::make({textJob("bad", R"mlir(
    func.func @bad(%t: i64, %x: memref<?xf32>, %s: memref<1xi8>, %u: memref<1xi64>) {
      return
    })mlir")});
  EXPECT_FALSE(kernels);
  EXPECT_FALSE(kernels.error.empty());
}

TEST(CpuLinker, LeavesNoTemporaryFiles) {
  namespace fs = std::filesystem;
  auto count = [] {
    size_t n = 0;
    for (auto &entry : fs::directory_iterator(fs::temp_directory_path()))
      n += entry.path().filename().string().starts_with("ingot-link");
    return n;
  };
  size_t before = count();
  Loaded good = Loaded::make({axpy("good", variants()[0])});
  EXPECT_TRUE(good) << good.error;
  EXPECT_EQ(count(), before);
}

} // namespace
