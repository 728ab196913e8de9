/** Rows as Spark holds them, read into numbers; numbers as bytes and as text. */
package sagemaker.spark.rows;
