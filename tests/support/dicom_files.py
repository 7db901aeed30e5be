"""DICOM and NIfTI files of a stack, written for tests.

Every file carries the patient data of `PATIENT`, so that a test can look for them in all that comes
out of the library.
"""

import json

import numpy as np

PATIENT = {
    "PatientName": "Planted^Name",
    "PatientID": "PLANTED-ID-4711",
    "PatientBirthDate": "19420317",
    "AccessionNumber": "PLANTED-ACC-99",
    "OtherPatientIDs": "PLANTED-OTHER",
    "ReferringPhysicianName": "Planted^Doctor",
    "PatientComments": "Planted comment",
    "InstitutionName": "Planted Hospital",
}

PLANTED = (*PATIENT.values(), "Planted", "PLANTED", "4711", "19420317")

RIGHT_DOWN = {
    "axial": ((1, 0, 0), (0, 1, 0)),
    "coronal": ((1, 0, 0), (0, 0, -1)),
    "sagittal": ((0, 1, 0), (0, 0, -1)),
}
"""Canonical directions of columns and of rows (left, posterior, superior)."""

THROUGH = {"axial": (0, 0, 1), "coronal": (0, 1, 0), "sagittal": (1, 0, 0)}

UID = "1.2.826.0.1.3680043.8.498"


def make_dataset(plane, k, values, *, pixel_mm=0.6, gap_mm=3.3, side_mm=60.0, **tags):
    """Data set of one slice in canonical orientation, the middle of the pictures `side_mm` left."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

    row_mm, column_mm = np.broadcast_to(pixel_mm, 2)
    right, down = np.array(RIGHT_DOWN[plane])
    rows, columns = values.shape
    corner = np.array([side_mm, 0.0, 0.0]) + np.array(THROUGH[plane]) * gap_mm * k
    corner = corner - 0.5 * (columns - 1) * column_mm * right - 0.5 * (rows - 1) * row_mm * down
    found = Dataset()
    found.file_meta = FileMetaDataset()
    found.file_meta.MediaStorageSOPClassUID = found.SOPClassUID = MRImageStorage
    uid = f"{UID}.{tags.get('SeriesNumber', 1)}.{k + 1}"
    found.file_meta.MediaStorageSOPInstanceUID = found.SOPInstanceUID = uid
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found.Modality = "MR"
    found.Manufacturer = "SIEMENS"
    found.StudyInstanceUID = f"{UID}.7"
    found.SeriesInstanceUID = f"{UID}.7.{tags.get('SeriesNumber', 1)}"
    found.SeriesNumber, found.InstanceNumber = 1, k + 1
    found.ImagePositionPatient = [float(round(v, 6)) for v in corner]
    found.ImageOrientationPatient = [float(v) for v in (*right, *down)]
    found.PixelSpacing = [float(row_mm), float(column_mm)]
    found.SliceThickness = 3.0
    found.SamplesPerPixel, found.PhotometricInterpretation = 1, "MONOCHROME2"
    found.Rows, found.Columns = rows, columns
    n_bits = 8 * values.dtype.itemsize
    found.BitsAllocated, found.BitsStored, found.HighBit = n_bits, n_bits, n_bits - 1
    found.PixelRepresentation = int(values.dtype.kind == "i")
    found.PixelData = np.ascontiguousarray(values).tobytes()
    found["PixelData"].VR = "OW" if n_bits == 16 else "OB"
    for name, value in (PATIENT | tags).items():
        setattr(found, name, value)
    return found


def write_dataset(path, dataset):
    """Write a data set as a DICOM file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


def write_series(folder, plane, stack, *, names=None, edit=None, **options):
    """Write a stack in canonical orientation, a file per slice."""
    for k, values in enumerate(stack):
        dataset = make_dataset(plane, k, values, **options)
        if edit is not None:
            edit(dataset, k)
        write_dataset(folder / (names[k] if names else f"IM{k:04d}"), dataset)
    return folder


def make_enhanced(plane, stack, **options):
    """Data set of an enhanced multi-frame file, with functional groups."""
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence
    from pydicom.uid import EnhancedMRImageStorage

    singles = [make_dataset(plane, k, values, **options) for k, values in enumerate(stack)]
    found = singles[0]
    found.file_meta.MediaStorageSOPClassUID = found.SOPClassUID = EnhancedMRImageStorage
    groups = []
    for single in singles:
        place, group = Dataset(), Dataset()
        place.ImagePositionPatient = single.ImagePositionPatient
        group.PlanePositionSequence = Sequence([place])
        groups.append(group)
    facing, measures, shared, scaling = Dataset(), Dataset(), Dataset(), Dataset()
    facing.ImageOrientationPatient = found.ImageOrientationPatient
    measures.PixelSpacing, measures.SliceThickness = found.PixelSpacing, 3.0
    scaling.RescaleSlope, scaling.RescaleIntercept = 2.0, -7.0
    shared.PlaneOrientationSequence = Sequence([facing])
    shared.PixelMeasuresSequence = Sequence([measures])
    shared.PixelValueTransformationSequence = Sequence([scaling])
    found.SharedFunctionalGroupsSequence = Sequence([shared])
    found.PerFrameFunctionalGroupsSequence = Sequence(groups)
    found.NumberOfFrames = len(singles)
    for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
        delattr(found, name)
    found.PixelData = np.ascontiguousarray(stack).tobytes()
    return found


def write_nifti(path, plane, stack, *, pixel_mm=0.6, gap_mm=3.3, side_mm=60.0, fields=None):
    """Write a stack in canonical orientation as NIfTI: columns first, as converters do."""
    import nibabel

    first = make_dataset(
        plane, 0, stack[0], pixel_mm=pixel_mm, gap_mm=gap_mm, side_mm=side_mm
    ).ImagePositionPatient
    row_mm, column_mm = np.broadcast_to(pixel_mm, 2)
    right, down = np.array(RIGHT_DOWN[plane])
    affine = np.eye(4)
    affine[:3] = np.column_stack(
        [right * column_mm, down * row_mm, np.array(THROUGH[plane]) * gap_mm, first]
    )
    affine[:2] *= -1  # to the right and to the front
    picture = nibabel.Nifti1Image(np.moveaxis(stack, 0, 2).swapaxes(0, 1), affine)
    picture.header["descrip"] = PATIENT["PatientName"]
    nibabel.save(picture, path)
    if fields is not None:
        name = path.name.split(".")[0]
        path.with_name(f"{name}.json").write_text(json.dumps(PATIENT | fields))
    return path


def zoom(stack, shape):
    """Stack with another number of rows and columns over the same field of view, by Fourier.

    The pictures are band-limited, as a scanner's: zeros are added to, or cut from, the spectrum.
    """
    n_slices, rows, columns = stack.shape
    spectrum = np.fft.fftshift(np.fft.fft2(stack.astype(np.float64)), axes=(1, 2))
    made = np.zeros((n_slices, *shape), np.complex128)
    slices = []
    for old, new in zip((rows, columns), shape, strict=True):
        n = min(old, new)
        slices.append((slice(old // 2 - n // 2, old // 2 - n // 2 + n),
                       slice(new // 2 - n // 2, new // 2 - n // 2 + n)))  # fmt: skip
    made[:, slices[0][1], slices[1][1]] = spectrum[:, slices[0][0], slices[1][0]]
    # the middle of the first pixel moves with the pixel size
    for axis, (old, new) in enumerate(zip((rows, columns), shape, strict=True), start=1):
        frequency = np.arange(new) - new // 2
        phase = np.exp(1j * np.pi * frequency * (1 / new - 1 / old))
        made *= phase.reshape([-1 if k == axis else 1 for k in range(3)])
    images = np.fft.ifft2(np.fft.ifftshift(made, axes=(1, 2))).real
    return images * (shape[0] * shape[1] / (rows * columns))


def turn(dataset, *, transpose=False, flip_rows=False, flip_columns=False):
    """Store a slice turned, with the orientation and position that say so."""
    kind = {8: "u1", 16: "i2" if dataset.PixelRepresentation else "u2"}[dataset.BitsAllocated]
    values = np.frombuffer(dataset.PixelData, kind).reshape(dataset.Rows, dataset.Columns)
    right, down = np.array(dataset.ImageOrientationPatient, float).reshape(2, 3)
    corner = np.array(dataset.ImagePositionPatient, float)
    row_mm, column_mm = map(float, dataset.PixelSpacing)
    if flip_rows:
        corner = corner + down * row_mm * (dataset.Rows - 1)
        values, down = values[::-1], -down
    if flip_columns:
        corner = corner + right * column_mm * (dataset.Columns - 1)
        values, right = values[:, ::-1], -right
    if transpose:
        values, right, down, row_mm, column_mm = values.T, down, right, column_mm, row_mm
    dataset.Rows, dataset.Columns = values.shape
    dataset.PixelSpacing = [row_mm, column_mm]
    dataset.ImagePositionPatient = [float(round(v, 6)) for v in corner]
    dataset.ImageOrientationPatient = [float(v) for v in (*right, *down)]
    dataset.PixelData = np.ascontiguousarray(values).tobytes()


def draw_stack(n_slices=6, rows=60, columns=50, seed=0):
    """A leg without any symmetry in noise, 12 bit."""
    y, x = np.mgrid[:rows, :columns]
    leg = (np.abs(x - 0.55 * columns) < 0.3 * columns) & (np.abs(y - 0.48 * rows) < 0.4 * rows)
    bone = np.hypot(y - 0.3 * rows, x - 0.6 * columns) < 0.15 * rows
    rng = np.random.default_rng(seed)
    depth = np.arange(n_slices)[:, None, None]
    drawn = 1200.0 * leg + 900.0 * bone + 6.0 * y * leg + 40.0 * depth * leg
    return np.clip(drawn + rng.normal(30, 12, (n_slices, rows, columns)), 0, 4095).astype(np.uint16)
