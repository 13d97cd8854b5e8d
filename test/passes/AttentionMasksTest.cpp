// Attention under every kind of mask, rows without any kept key included.
#include "test/passes/AttentionModel.h"

#include "gtest/gtest.h"

namespace ingot::test {
namespace {

class AttentionMasks : public testing::TestWithParam<DifferentialCase> {};
TEST_P(AttentionMasks, AgreesWithTheModel) { runDifferential(GetParam()); }

INSTANTIATE_TEST_SUITE_P(Masks, AttentionMasks,
                         testing::ValuesIn(attentionMasks()),
                         [](const auto &info) { return info.param.name; });

} // namespace
} // namespace ingot::test
