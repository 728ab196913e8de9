package sagemaker.spark.rows;

import org.apache.spark.sql.catalyst.util.ArrayData;

/** Arrays of numbers or booleans. */
final class ArrayColumn extends FeatureColumn {
  private final NumberType element;
  private final boolean mayHoldNull;

  ArrayColumn(String name, NumberType element, boolean mayHoldNull) {
    super(name, "an array");
    this.element = element;
    this.mayHoldNull = mayHoldNull;
  }

  @Override
  Features readValue(Object value) {
    ArrayData array = (ArrayData) value;
    if (mayHoldNull) {
      refuseNulls(array);
    }
    return Features.dense(name(), element.all(array));
  }

  private void refuseNulls(ArrayData array) {
    for (int i = 0; i < array.numElements(); i++) {
      if (array.isNullAt(i)) {
        throw refuse("holds a null: value %d; expected numbers only. Fill or drop it first.", i);
      }
    }
  }
}
