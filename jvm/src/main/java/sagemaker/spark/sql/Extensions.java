package sagemaker.spark.sql;

import org.apache.spark.sql.SparkSessionExtensions;
import sagemaker.spark.encode.RowFormat;
import scala.Tuple3;
import scala.runtime.AbstractFunction1;
import scala.runtime.BoxedUnit;

/** Registers the functions in every session: for {@code spark.sql.extensions}. */
public final class Extensions extends AbstractFunction1<SparkSessionExtensions, BoxedUnit> {
  @Override
  public BoxedUnit apply(SparkSessionExtensions extensions) {
    for (RowFormat format : RowFormat.values()) {
      extensions.injectFunction(
          new Tuple3<>(
              Functions.identifier(format), Functions.info(format), Functions.builder(format)));
    }
    return BoxedUnit.UNIT;
  }
}
