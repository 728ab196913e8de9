/** The data source {@code sagemaker}; everything begins at its {@code SageMakerFileFormat}. */
package sagemaker.spark.source;
