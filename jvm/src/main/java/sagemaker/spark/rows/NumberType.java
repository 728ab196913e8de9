package sagemaker.spark.rows;

import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.ByteType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.Decimal;
import org.apache.spark.sql.types.DecimalType;
import org.apache.spark.sql.types.DoubleType;
import org.apache.spark.sql.types.FloatType;
import org.apache.spark.sql.types.IntegerType;
import org.apache.spark.sql.types.LongType;
import org.apache.spark.sql.types.ShortType;

/** How numbers of one of Spark's types are read, alone and in arrays. */
abstract class NumberType {
  /** Reads one value, as it stands in an InternalRow. */
  abstract Numbers one(Object value);

  /** Reads an array without nulls. */
  abstract Numbers all(ArrayData array);

  /** Returns how to read a type, or null if it is neither numeric nor boolean. */
  static NumberType of(DataType type) {
    if (type instanceof DoubleType) {
      return new OfDoubles();
    }
    if (type instanceof FloatType) {
      return new OfFloats();
    }
    if (type instanceof DecimalType) {
      return new OfDecimals((DecimalType) type);
    }
    if (type instanceof BooleanType) {
      return new OfBooleans();
    }
    return ofIntegers(type);
  }

  private static NumberType ofIntegers(DataType type) {
    if (type instanceof LongType) {
      return new OfIntegers(ArrayData::getLong);
    }
    if (type instanceof IntegerType) {
      return new OfIntegers(ArrayData::getInt);
    }
    if (type instanceof ShortType) {
      return new OfIntegers(ArrayData::getShort);
    }
    return type instanceof ByteType ? new OfIntegers(ArrayData::getByte) : null;
  }

  private static final class OfDoubles extends NumberType {
    @Override
    Numbers one(Object value) {
      return new Doubles((Double) value);
    }

    @Override
    Numbers all(ArrayData array) {
      return new Doubles(array.toDoubleArray());
    }
  }

  private static final class OfFloats extends NumberType {
    @Override
    Numbers one(Object value) {
      return new Floats((Float) value);
    }

    @Override
    Numbers all(ArrayData array) {
      return new Floats(array.toFloatArray());
    }
  }

  private static final class OfDecimals extends NumberType {
    private final int precision;
    private final int scale;

    OfDecimals(DecimalType type) {
      precision = type.precision();
      scale = type.scale();
    }

    @Override
    Numbers one(Object value) {
      return new Doubles(((Decimal) value).toDouble());
    }

    @Override
    Numbers all(ArrayData array) {
      double[] values = new double[array.numElements()];
      for (int i = 0; i < values.length; i++) {
        values[i] = array.getDecimal(i, precision, scale).toDouble();
      }
      return new Doubles(values);
    }
  }

  private static final class OfBooleans extends NumberType {
    @Override
    Numbers one(Object value) {
      return new Longs((Boolean) value ? 1 : 0);
    }

    @Override
    Numbers all(ArrayData array) {
      long[] values = new long[array.numElements()];
      for (int i = 0; i < values.length; i++) {
        values[i] = array.getBoolean(i) ? 1 : 0;
      }
      return new Longs(values);
    }
  }

  /** Reads one element of an array. */
  private interface Element {
    long get(ArrayData array, int index);
  }

  private static final class OfIntegers extends NumberType {
    private final Element element;

    OfIntegers(Element element) {
      this.element = element;
    }

    @Override
    Numbers one(Object value) {
      return new Longs(((Number) value).longValue());
    }

    @Override
    Numbers all(ArrayData array) {
      long[] values = new long[array.numElements()];
      for (int i = 0; i < values.length; i++) {
        values[i] = element.get(array, i);
      }
      return new Longs(values);
    }
  }
}
