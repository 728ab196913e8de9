"""sagemaker_pyspark 1.4.5 on its own Spark 3.3; runs in an environment that has it."""

import os
import sys

from answering import answer, own_output

RESULTS = own_output()
os.environ.setdefault("AWS_REGION", "us-east-1")

import sagemaker_pyspark  # noqa: E402
from pyspark import StorageLevel  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402
from sagemaker_pyspark import EndpointCreationPolicy, SageMakerModel  # noqa: E402
from sagemaker_pyspark.transformation import deserializers, serializers  # noqa: E402

MASTER, MEMORY, FILE_BYTES = sys.argv[1:]
KEYS = "com.amazonaws.auth.EnvironmentVariableCredentialsProvider"
READ_TIMEOUT_MS = 80_000  # what the library itself sets
FORMATS = {
    "recordio": ("ProtobufRequestRowSerializer", "KMeansProtobufResponseRowDeserializer"),
    "text": ("LibSVMRequestRowSerializer", "XGBoostCSVRowDeserializer"),
}

spark = (
    SparkSession.builder.master(MASTER)
    .config("spark.driver.memory", MEMORY)
    .config("spark.ui.enabled", "false")
    .config("spark.ui.showConsoleProgress", "false")
    .config("spark.driver.extraClassPath", os.pathsep.join(sagemaker_pyspark.classpath_jars()))
    .config("spark.sql.files.maxPartitionBytes", FILE_BYTES)
    .config("spark.sql.files.openCostInBytes", FILE_BYTES)
    .config("spark.sql.parquet.enableNestedColumnVectorizedReader", "true")
    .config("spark.hadoop.fs.s3a.path.style.access", "true")
    .config("spark.hadoop.fs.s3a.aws.credentials.provider", KEYS)
    .getOrCreate()
)
frames = {}


def _frame(path):
    return frames.get(path) or spark.read.parquet(path)


def cache(path):
    """Keep a file's rows in memory."""
    frames[path] = spark.read.parquet(path).persist(StorageLevel.MEMORY_ONLY)
    frames[path].count()


def uncache(path):
    """Let the rows go."""
    frames.pop(path).unpersist(True)


def scan(path):
    """Read all rows and drop them."""
    _frame(path).write.format("noop").mode("overwrite").save()


def write(path, target, s3_url=None):
    """Write rows in the library's own format."""
    if s3_url:
        spark.sparkContext._jsc.hadoopConfiguration().set("fs.s3a.endpoint", s3_url)
    _frame(path).write.format("sagemaker").mode("overwrite").save(target)


def use_endpoint(url):
    """Point the library's client, which has no setting for that, to a URL."""
    jvm = spark._jvm
    aws, runtime = jvm.com.amazonaws, jvm.com.amazonaws.services.sagemakerruntime
    place = getattr(aws.client.builder, "AwsClientBuilder$EndpointConfiguration")(url, "us-east-1")
    builder = runtime.AmazonSageMakerRuntimeClientBuilder.standard().withEndpointConfiguration(place)
    client = builder.withClientConfiguration(
        aws.ClientConfiguration().withSocketTimeout(READ_TIMEOUT_MS)
    ).build()
    batches = aws.services.sagemaker.sparksdk.transformation.util.RequestBatchIterator
    getattr(batches, "sagemakerRuntime_$eq")(client)


def transform(path, format):
    """Predict for all rows and drop the result."""
    serializer, deserializer = FORMATS[format]
    model = SageMakerModel(
        existingEndpointName="stub",
        endpointCreationPolicy=EndpointCreationPolicy.DO_NOT_CREATE,
        endpointInstanceType=None,
        endpointInitialInstanceCount=None,
        requestRowSerializer=getattr(serializers, serializer)(),
        responseRowDeserializer=getattr(deserializers, deserializer)(),
    )
    model.transform(_frame(path)).write.format("noop").mode("overwrite").save()


answer({f.__name__: f for f in (cache, uncache, scan, write, use_endpoint, transform)}, RESULTS)
