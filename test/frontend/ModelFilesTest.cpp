// Every model and tensor file of the folder that the build names.
#include "frontend/onnx/TensorFile.h"

#include "OnnxBytes.h"

namespace ingot::onnx {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> filesWith(std::string_view extension) {
  std::vector<std::string> paths;
  if (fs::is_directory(INGOT_TEST_MODELS))
    for (const fs::directory_entry &entry :
         fs::recursive_directory_iterator(INGOT_TEST_MODELS))
      if (entry.path().extension() == extension)
        paths.push_back(entry.path());
  return paths;
}

TEST(ModelFiles, AllLoad) {
  std::vector<std::string> paths = filesWith(".onnx");
  if (paths.empty())
    GTEST_SKIP() << "no models in " << INGOT_TEST_MODELS;
  for (const std::string &path : paths) {
    Model model;
    EXPECT_EQ(loadModel(path, model).message(), "");
    EXPECT_FALSE(model.graph.nodes.empty()) << path;
  }
}

TEST(ModelFiles, AllTensorFilesRead) {
  std::vector<std::string> paths = filesWith(".pb");
  if (paths.empty())
    GTEST_SKIP() << "no tensor files in " << INGOT_TEST_MODELS;
  for (const std::string &path : paths) {
    TensorFile file;
    EXPECT_EQ(readTensorFile(path, file).message(), "");
  }
}

} // namespace
} // namespace ingot::onnx
