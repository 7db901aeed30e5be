"""Change a stack file so that only its content tells."""

import os

import numpy as np


def change_pixel(exam, plane="axial"):
    """Change one pixel; the file keeps its size and modification time, as after `cp -p`."""
    path = exam.paths[plane]
    before = path.stat()
    stack = np.load(path)
    stack[0, 0, 0] ^= 1
    np.save(path, stack)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
