package sagemaker.spark.rows;

/** A run of numbers of one type, as a row holds them. */
public interface Numbers {
  int size();

  /** Appends all of them as float32. */
  void putFloats(Bytes out);

  /** Appends one of them in the shortest form that reads back as the same number of its type. */
  void putText(int index, Bytes out);

  /** Whether one of them is 0 or -0. */
  boolean isZero(int index);

  /** The first finite one that is infinite as float32, or -1. */
  int firstOverflow();

  /** One of them in words, for messages. */
  String show(int index);
}
