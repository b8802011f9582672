"""Packages gocor_tf; `pip install .` gives the library and its commands."""

import pathlib

import setuptools

ROOT = pathlib.Path(__file__).parent

# Named one by one: `trainers/` and `export/` are folders of the repository,
# and are installed inside the package's own namespace.
PACKAGE_DIR = {
    "gocor_tf": "gocor_tf",
    "gocor_tf.trainers": "trainers",
    "gocor_tf.trainers.configs": "trainers/configs",
    "gocor_tf.trainers.evaluation": "trainers/evaluation",
    "gocor_tf.export": "export",
}
SUBPACKAGES = (
    "data",
    "data.evaluation_sets",
    "layers",
    "losses",
    "metrics",
    "models",
    "ops",
    "serving",
)

# Every lower bound is a version that was installed and tested.
EXTRAS = {
    "convert": ["torch>=2.13"],
    "train": [
        "tensorboard>=2.18",
        "ml_collections>=1.0",
        "matplotlib>=3.10",
    ],
    "evaluate": ["matplotlib>=3.10", "pillow>=12.3", "scipy>=1.17"],
    "beam": ["apache-beam>=2.77"],
    "serve": ["tensorflow-serving-api>=2.18", "requests>=2.34"],
    "demo": ["gradio>=6.31"],
    "onnx": ["onnxruntime>=1.32", "tf2onnx>=1.17"],
    "backends": ["jax>=0.10.2", "torch>=2.13"],
}
EXTRAS["dev"] = [
    "pytest>=9.2",
    "pytest-xdist>=3.8",
    # Another minor version may format otherwise.
    "ruff~=0.17.5",
    "hypothesis>=6.170",
    "setuptools>=77",
    "playwright>=1.65",
    "pyyaml>=6.0",
    *EXTRAS["train"],
    *EXTRAS["evaluate"],
    *EXTRAS["serve"],
    *EXTRAS["demo"],
    *EXTRAS["onnx"],
]

setuptools.setup(
    name="gocor_tf",
    version="0.1.0",
    description="Dense correspondence between two photographs in Keras 3",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.11",
    packages=[
        *PACKAGE_DIR,
        *(f"gocor_tf.{name}" for name in SUBPACKAGES),
    ],
    package_dir=PACKAGE_DIR,
    package_data={
        "gocor_tf": ["weights/*.h5", "demo_pair/*"],
        "gocor_tf.export": ["serving_templates/*"],
    },
    include_package_data=False,
    install_requires=[
        "tensorflow>=2.18",
        "keras>=3.10",
        "numpy>=2.0",
        "opencv-python-headless>=4.10",
        "absl-py>=2.1",
    ],
    extras_require=EXTRAS,
    entry_points={
        "console_scripts": [
            "gocor-client = gocor_tf.trainers.client:main",
            "gocor-match = gocor_tf.trainers.match:main",
            "gocor-train = gocor_tf.trainers.train:main",
            "gocor-evaluate = gocor_tf.trainers.evaluate:main",
            "gocor-convert = gocor_tf.export.convert_checkpoint:main",
            "gocor-demo = gocor_tf.trainers.demo:main",
            "gocor-export = gocor_tf.export.saved_model:main",
        ]
    },
)
