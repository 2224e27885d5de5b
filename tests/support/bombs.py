"""Documents that are small on the wire and large, or endless, inside."""

import io
import zipfile

_MIB = 1024 * 1024


def bombs() -> dict[str, bytes]:
    """File name -> content."""
    zeros = _zip({"zeros.txt": b"0" * (100 * _MIB)})
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return {
        "one-large-file.zip": zeros,
        "zip-in-zip.zip": _zip({"inner.zip": zeros}),
        "climbing.zip": _zip({"../../escape.txt": b"x" * 100}),
        "absolute.zip": _zip({"/etc/escape.txt": b"x" * 100}),
        "laughs.xml": f'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY l0 "lol">{laughs}]><l>&l9;</l>'.encode(),
        "outside.xml": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]><x>&x;</x>',
        "word.docx": _zip(
            {"word/document.xml": b"<w>" + b" " * (100 * _MIB) + b"</w>", "[Content_Types].xml": b"<a/>"}
        ),
        "torn.pdf": b"%PDF-1.7\n" + b"1 0 obj\n<<" * 10_000,
        "deep.jsonl": b"[" * 500_000 + b"\n",
    }


def _zip(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()
