"""Copies of folders in zip files and in memory, and a store whose requests are counted and fail."""

import zipfile

import fsspec
from fsspec.implementations.memory import MemoryFileSystem


class CountedFileSystem(MemoryFileSystem):
    """Files in memory, behind ``counted://``; each call is noted, and the next ones may fail."""

    protocol = "counted"
    store, pseudo_dirs = {}, [""]
    calls, faults = [], []

    @classmethod
    def _strip_protocol(cls, path):
        return super()._strip_protocol(path.replace("counted://", "memory://"))

    def _note(self, kind, path):
        type(self).calls.append((kind, path))
        if self.faults:
            fault = type(self).faults.pop(0)
            if fault is not None:
                raise fault

    def ls(self, path, detail=True, **options):
        self._note("list", path)
        return super().ls(path, detail=detail, **options)

    def info(self, path, **options):
        self._note("find", path)
        return super().info(path, **options)

    def cat_file(self, path, start=None, end=None, **options):
        self._note("read", path)
        return super().cat_file(path, start=start, end=end, **options)

    @classmethod
    def clear(cls):
        """Forget files and calls, and what is behind ``memory://``."""
        for each in (cls, MemoryFileSystem):
            each.store.clear()
            each.pseudo_dirs[:] = [""]
        cls.calls.clear()
        cls.faults.clear()


fsspec.register_implementation("counted", CountedFileSystem, clobber=True)


def upload(folder, url):
    """Copy a folder to a URL."""
    system, root = fsspec.core.url_to_fs(url)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            system.pipe_file(f"{root}/{path.relative_to(folder).as_posix()}", path.read_bytes())
    return url


def pack(folder, archive, *, top="MRNet-v1.0/", method=zipfile.ZIP_DEFLATED, junk=True):
    """Copy a folder to a zip file, as macOS packs it."""
    with zipfile.ZipFile(archive, "w", method) as opened:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and path != archive:
                opened.write(path, top + name)
                if junk:
                    opened.writestr(
                        f"__MACOSX/{top}{name.replace(path.name, '._' + path.name)}", b"x"
                    )
    return archive
