package sagemaker.spark.rows;

import org.apache.spark.sql.types.DataType;

/** Reads labels of one numeric or boolean column; made once per schema. */
public final class LabelColumn {
  private final String name;
  private final NumberType type;

  private LabelColumn(String name, NumberType type) {
    this.name = name;
    this.type = type;
  }

  /**
   * Settles how a column is read.
   *
   * @throws IllegalArgumentException if its type is no number
   */
  public static LabelColumn of(String name, DataType type) {
    NumberType reader = NumberType.of(type);
    if (reader == null) {
      throw new IllegalArgumentException(
          String.format(
              "Column '%s' has the wrong type: %s; expected a number or a boolean.",
              name, type.simpleString()));
    }
    return new LabelColumn(name, reader);
  }

  public String name() {
    return name;
  }

  /**
   * Reads the label of one row.
   *
   * @throws IllegalArgumentException if it is null
   */
  public Numbers read(Object value) {
    if (value == null) {
      throw new IllegalArgumentException(
          String.format(
              "Column '%s' is null; expected a number. Fill or drop such rows first.", name));
    }
    return type.one(value);
  }
}
