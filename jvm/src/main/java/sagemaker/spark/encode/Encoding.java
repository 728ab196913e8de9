package sagemaker.spark.encode;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.types.DataType;
import sagemaker.spark.rows.FeatureColumn;

/** A format and its options; equal ones encode alike. */
public final class Encoding implements Serializable {
  private final RowFormat format;
  private final TreeMap<String, String> options;

  private Encoding(RowFormat format, TreeMap<String, String> options) {
    this.format = format;
    this.options = options;
  }

  /**
   * Checks options; their names are not told apart by case.
   *
   * @throws IllegalArgumentException if a name or a value is unknown
   */
  public static Encoding of(RowFormat format, Map<String, String> options) {
    TreeMap<String, String> given = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    given.putAll(options);
    for (String name : given.keySet()) {
      if (!format.options().containsKey(name)) {
        throw new IllegalArgumentException(
            String.format(
                "Option '%s' is unknown to the format %s, which has these: %s.",
                name, format.title(), format.options().keySet()));
      }
    }
    Encoding encoding = new Encoding(format, given);
    encoding.check();
    return encoding;
  }

  private void check() {
    newEncoder();
    rowSize();
    numberRule();
    refusesNulls();
    appendsDim();
  }

  public RowFormat format() {
    return format;
  }

  /** Makes an encoder for rows with features only. */
  public RowEncoder rowEncoder(String features, DataType featuresType) {
    return RowEncoder.of(this, features, featuresType);
  }

  /** Makes an encoder for rows with a label. */
  public RowEncoder rowEncoder(
      String label, DataType labelType, String features, DataType featuresType) {
    return RowEncoder.of(this, features, featuresType).withLabel(label, labelType);
  }

  FeatureColumn featureColumn(String name, DataType type) {
    return FeatureColumn.of(name, type, format.takesMatrices());
  }

  Encoder newEncoder() {
    return format.newEncoder(this);
  }

  /** Whether what a row becomes may depend on the rows before it, or none may be left out. */
  public boolean isStrict() {
    return refusesNulls() || !value(RowFormat.DIM).equalsIgnoreCase(RowSize.ANY);
  }

  private String value(String name) {
    return options.getOrDefault(name, format.options().get(name));
  }

  /** The value of an option, one of several. */
  String choice(String name, String... allowed) {
    String value = value(name);
    for (String one : allowed) {
      if (one.equalsIgnoreCase(value)) {
        return one;
      }
    }
    throw new IllegalArgumentException(
        String.format(
            "Option '%s' is unknown: '%s'; expected one of %s.",
            name, value, Arrays.toString(allowed)));
  }

  NumberRule numberRule() {
    boolean refusesOverflow =
        format.options().containsKey("overflow")
            && choice("overflow", "allow", "error").equals("error");
    String taken = choice("numbers", NumberRule.ALL, NumberRule.NAN, NumberRule.FINITE);
    return new NumberRule(taken, refusesOverflow);
  }

  RowSize rowSize() {
    return new RowSize(value(RowFormat.DIM));
  }

  boolean refusesNulls() {
    return choice("nulls", "keep", "error").equals("error");
  }

  boolean appendsDim() {
    return choice("trailer", "none", RowFormat.DIM).equals(RowFormat.DIM);
  }

  boolean flag(String name) {
    return choice(name, "true", "false").equals("true");
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Encoding
        && ((Encoding) other).format == format
        && ((Encoding) other).options.equals(options);
  }

  @Override
  public int hashCode() {
    return 31 * format.title().hashCode() + options.hashCode();
  }

  @Override
  public String toString() {
    return format.title() + options;
  }
}
