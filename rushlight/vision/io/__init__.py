"""Reading, writing and coding of image files (torchvision.io)."""

from rushlight.vision._lazy import lazy_names

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    dict.fromkeys(
        "ImageReadMode decode_image decode_jpeg decode_png decode_avif decode_heic decode_webp decode_gif encode_jpeg "
        "encode_png read_file read_image write_file write_jpeg write_png".split(),
        "image",
    ),
)
