/** Rows to the bytes of a format. A {@link sagemaker.spark.encode.RowEncoder} is the way in. */
package sagemaker.spark.encode;
