"""Packaging of sagemaker_spark_py."""

from pathlib import Path

from setuptools import find_packages, setup

LOCAL = [
    "moto[s3,server]>=5.2.5",  # S3, STS and CloudWatch Logs on localhost
    "scikit-learn>=1.5",
    "scipy>=1.11",
    "xgboost-cpu>=2.1; sys_platform == 'linux'",
    "xgboost>=2.1; sys_platform != 'linux'",
]
NOTEBOOKS = ["matplotlib>=3.8", "nbclient>=0.10", "nbformat>=5.9", "ipykernel>=6"]
DEV = [
    "hypothesis>=6.100",
    "pyspark[connect]>=3.5",
    "mypy>=1.11",
    "pytest>=8",
    "pytest-timeout>=2.3",
    "ruff>=0.6",
    "boto3-stubs>=1.34",
    "types-protobuf",
]

setup(
    name="sagemaker_spark_py",
    version="0.1.0",
    description="Amazon SageMaker from Spark: fit() trains on SageMaker, transform() predicts through it",
    long_description=Path("README.md").read_text(encoding="utf-8") if Path("README.md").exists() else "",
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    packages=find_packages(include=["sagemaker_spark_py", "sagemaker_spark_py.*"]),
    package_data={
        "sagemaker_spark_py": ["py.typed", "algorithms/*.json", "recordio/*.md", "recordio/*.proto"]
    },
    python_requires=">=3.10",
    install_requires=[
        "pyspark>=3.5",
        "boto3>=1.34",
        "numpy>=1.24",
        "protobuf>=4.25",
        "py4j>=0.10.9.7",
        "pyarrow>=14",
        "pandas>=2.0",  # pyspark's Arrow functions need it
    ],
    extras_require={
        "local": LOCAL,
        "notebooks": NOTEBOOKS,
        "dev": DEV + LOCAL + NOTEBOOKS,
    },
)
