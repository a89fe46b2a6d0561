"""Formats of photos: which are read, and which are refused, with the reason."""

_RAW = (
    ".3fr .arw .cr2 .cr3 .crw .dcr .dng .erf .iiq .kdc .mef .mos .mrw .nef .nrw .orf "
    ".pef .raf .raw .rw2 .rwl .sr2 .srf .srw .x3f"
).split()
RAW_REASON = "the raw file of a camera is not read; save it as JPEG, PNG or TIFF"
_JXL_REASON = "JPEG XL is not read; convert the image to JPEG or PNG"

# Suffixes, in lower case, of the formats that `read_image` reads.
PHOTO_SUFFIXES = frozenset(
    ".jpg .jpeg .jpe .jfif .mpo .png .apng .webp .gif .tif .tiff .bmp .dib .ppm .pgm "
    ".pbm .pnm .pfm .avif .heic .heif .hif".split()
)

# Suffixes of other photos, and why they are refused.
REFUSED_SUFFIXES = {
    **dict.fromkeys(_RAW, RAW_REASON),
    ".jxl": _JXL_REASON,
    **dict.fromkeys(
        (".jp2", ".j2k", ".jpx", ".jpf"),
        "JPEG 2000 is not read; convert the image to JPEG or PNG",
    ),
    ".psd": "a file of Photoshop is not read; save it as JPEG, PNG or TIFF",
}

# First bytes of refused formats. Raw files in the TIFF format are found by their tags.
_BEGINNINGS = {
    b"\xff\x0a": _JXL_REASON,
    b"\0\0\0\x0cJXL \r\n\x87\n": _JXL_REASON,
    b"FUJIFILMCCD-RAW": RAW_REASON,
    b"FOVb": RAW_REASON,
    b"IIRO": RAW_REASON,
    b"IIRS": RAW_REASON,
    b"MMOR": RAW_REASON,
    b"IIU\0": RAW_REASON,
    b"II\x1a\0\0\0HEAPCCDR": RAW_REASON,
    b"\0MRM": RAW_REASON,
}


def why_refused(data: bytes) -> str | None:
    """Why a file is refused, by its first bytes; None if it is not."""
    if data[4:12] == b"ftypcrx " or (data[:4] == b"II*\0" and data[8:10] == b"CR"):
        return RAW_REASON  # of Canon, new and old
    for beginning, reason in _BEGINNINGS.items():
        if data.startswith(beginning):
            return reason
    return None
