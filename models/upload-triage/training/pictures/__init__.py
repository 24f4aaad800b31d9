"""Generators of training pictures. Each module has one public function `draw(rng) -> PIL.Image` (RGB)."""
