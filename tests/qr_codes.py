"""Reading a QR code out of a PNG with a reader that is not ours."""

import struct
import zlib

import zxingcpp


def read_code(png: bytes) -> zxingcpp.Barcode:
    """Return the one code in a PNG of one bit a pixel whose rows are plain, or given as changes of the one above."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    packed, position = b"", 8
    width = height = 0
    while position < len(png):
        length, kind = struct.unpack_from(">I4s", png, position)
        data = png[position + 8 : position + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colours = struct.unpack_from(">IIBB", data)
            assert (depth, colours) == (1, 0), "black and white"
        elif kind == b"IDAT":
            packed += data
        position += length + 12
    rows, stride = zlib.decompress(packed), (width + 7) // 8 + 1
    pixels, above = bytearray(), bytes(stride - 1)
    for row in range(height):
        filtered, *line = rows[row * stride : (row + 1) * stride]
        assert filtered in (0, 2)
        above = bytes(line) if filtered == 0 else bytes((a + b) % 256 for a, b in zip(line, above, strict=True))
        pixels += bytes(255 if above[x // 8] >> (7 - x % 8) & 1 else 0 for x in range(width))
    image = memoryview(bytes(pixels)).cast("B", shape=(height, width))
    (code,) = zxingcpp.read_barcodes(image)
    return code
