"""Amazon SageMaker from Spark: ``fit()`` trains, ``transform()`` predicts."""
