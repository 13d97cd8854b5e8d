"""What is proven and measured: models, shapes, precisions."""

TINY_MODELS = ("bert-tokcls-dyn18-sdpa",)
EVERY_PRECISION = "bert-tokcls-dyn18-sdpa"  # of test/models, in all precisions; also for what a product relies on
