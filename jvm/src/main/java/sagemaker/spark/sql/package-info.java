/** The encoders as SQL functions. */
package sagemaker.spark.sql;
