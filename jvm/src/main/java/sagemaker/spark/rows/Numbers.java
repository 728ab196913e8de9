package sagemaker.spark.rows;

/** A run of numbers of one type, as a row holds them. */
public interface Numbers {
  int size();

  /** One of them; integers beyond 2^53 lose their last digits. */
  double get(int index);

  /** Appends all of them as float32. */
  void putFloats(Bytes out);

  /** Appends one of them in the shortest form that reads back as the same number of its type. */
  void putText(int index, Bytes out);

  /** Whether all are finite, as float32 too. */
  boolean areOrdinary();
}
