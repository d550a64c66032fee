"""libopendkim, the verifier that many receivers run, with public keys from a file instead of DNS."""

import ctypes
import ctypes.util

SET_OPTION, QUERY_METHOD, QUERY_INFO, FROM_FILE = 1, 6, 7, 1
PASSED, BODY_MATCHES = 0x04, 0
OK = 0


def library():
    """The library, or None where it is not installed (Debian: opendkim-tools brings it)."""
    name = ctypes.util.find_library("opendkim") or "libopendkim.so.11"
    try:
        return ctypes.CDLL(name)
    except OSError:
        return None


class Opendkim:
    def __init__(self, key_file):
        """Lines of `key_file`: `SELECTOR._domainkey.DOMAIN TEXT OF THE RECORD`."""
        lib = self.lib = library()
        pointer = ctypes.c_void_p
        for name in ("dkim_init", "dkim_verify"):
            getattr(lib, name).restype = pointer
        lib.dkim_sig_getflags.restype = ctypes.c_uint
        lib.dkim_sig_geterrorstr.restype = ctypes.c_char_p
        self.handle = pointer(lib.dkim_init(None, None))
        method = ctypes.c_int(FROM_FILE)
        path = ctypes.create_string_buffer(str(key_file).encode())
        for option, value, size in ((QUERY_METHOD, ctypes.byref(method), ctypes.sizeof(method)),
                                    (QUERY_INFO, path, len(path.value))):
            if lib.dkim_options(self.handle, SET_OPTION, option, value, ctypes.c_size_t(size)) != OK:
                raise RuntimeError("libopendkim refused an option")

    def check(self, octets):
        """For each DKIM-Signature of the message, in order: "" when it is right, or what is not."""
        lib = self.lib
        status = ctypes.c_int()
        message = ctypes.c_void_p(
            lib.dkim_verify(self.handle, b"message", None, ctypes.byref(status)))
        header, _, body = octets.partition(b"\r\n\r\n")
        try:
            for field in unfolded(header):
                lib.dkim_header(message, field, ctypes.c_size_t(len(field)))
            if lib.dkim_eoh(message) != OK:
                return ["eoh"]
            lib.dkim_body(message, body, ctypes.c_size_t(len(body)))
            lib.dkim_eom(message, None)
            signatures = ctypes.POINTER(ctypes.c_void_p)()
            count = ctypes.c_int()
            if lib.dkim_getsiglist(message, ctypes.byref(signatures), ctypes.byref(count)) != OK:
                return []
            return [self._result(ctypes.c_void_p(signatures[i])) for i in range(count.value)]
        finally:
            lib.dkim_free(message)

    def _result(self, signature):
        lib = self.lib
        if lib.dkim_sig_getflags(signature) & PASSED and lib.dkim_sig_getbh(signature) == BODY_MATCHES:
            return ""
        said = lib.dkim_sig_geterrorstr(lib.dkim_sig_geterror(signature))
        return said.decode() if said else "not passed"


def unfolded(header):
    """Whole fields, folded ones in one piece."""
    fields = []
    for line in header.split(b"\r\n"):
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1] += b"\r\n" + line
        else:
            fields.append(line)
    return fields
