"""Packaging of sagemaker_spark_py."""

import os
import shutil
import subprocess
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py
from setuptools.command.develop import develop
from setuptools.command.sdist import sdist

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
    "pytest-xdist>=3.5",
    "ruff>=0.6",
    "boto3-stubs>=1.34",
    "types-protobuf",
]

JVM = Path("jvm")
JAR = Path("sagemaker_spark_py/jars/sagemaker-spark.jar")
MAVEN_SECONDS = 900  # without a way to a repository it tries long


def jar_sources():
    """Return the files that the jar is made of."""
    sources = [path for path in JVM.glob("src/main/**/*") if path.is_file()]
    return [JVM / "pom.xml", *sources] if sources else []


def build_jar():
    """Make the jar with Maven, if it is not there; return why that cannot be, or None."""
    sources = jar_sources()
    if not sources or (JAR.exists() and JAR.stat().st_mtime > max(s.stat().st_mtime for s in sources)):
        return None
    maven = shutil.which("mvn")
    if maven is None or not (shutil.which("javac") or "JAVA_HOME" in os.environ):
        return "no Maven with a JDK was found"
    command = [maven, "-B", "-q", "-f", str(JVM / "pom.xml"), "-Dmaven.test.skip", "package"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=MAVEN_SECONDS)
    except subprocess.TimeoutExpired:
        return f"Maven took longer than {MAVEN_SECONDS} seconds"
    if run.returncode:
        return next((line for line in run.stdout.splitlines() if "[ERROR]" in line), "Maven failed")
    JAR.parent.mkdir(exist_ok=True)
    shutil.copy(JVM / "target" / JAR.name, JAR)
    return None


def with_jar(command):
    """Return the command with making the jar before it."""

    class WithJar(command):
        def run(self):
            obstacle = build_jar()
            if obstacle:
                print(
                    f"sagemaker_spark_py is installed without its jar, rows are encoded in Python: {obstacle}"
                )
            super().run()

    return WithJar


class SdistWithJvm(sdist):
    def make_release_tree(self, base_dir, files):
        super().make_release_tree(base_dir, [*files, *map(str, jar_sources())])


setup(
    name="sagemaker_spark_py",
    version="0.1.0",
    description="Amazon SageMaker from Spark: fit() trains on SageMaker, transform() predicts through it",
    long_description=Path("README.md").read_text(encoding="utf-8") if Path("README.md").exists() else "",
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    packages=find_packages(include=["sagemaker_spark_py", "sagemaker_spark_py.*"]),
    package_data={
        "sagemaker_spark_py": [
            "py.typed",
            "algorithms/*.json",
            "jars/*.jar",
            "recordio/*.md",
            "recordio/*.proto",
        ]
    },
    cmdclass={"build_py": with_jar(build_py), "develop": with_jar(develop), "sdist": SdistWithJvm},
    entry_points={
        "console_scripts": [
            "sagemakerpyspark-jars=sagemaker_spark_py.command_line:jars",
            "sagemakerpyspark-emr-jars=sagemaker_spark_py.command_line:emr_jars",
        ]
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
        "backports.tarfile>=1.2; python_full_version < '3.11.4'",  # safe unpacking
    ],
    extras_require={
        "local": LOCAL,
        "notebooks": NOTEBOOKS,
        "dev": DEV + LOCAL + NOTEBOOKS,
    },
)
