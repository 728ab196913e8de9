/**
 * recordIO-protobuf without Spark; {@code recordio/FORMAT.md} of the Python side is its contract.
 */
package sagemaker.spark.recordio;
