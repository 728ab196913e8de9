package sagemaker.spark.rows;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/**
 * Upper 64 bits of products of two longs from 0.
 *
 * <p>That is one instruction of the processor, which Java gives away from version 9 on, as {@code
 * Math.multiplyHigh}. Calls of a constant method handle are compiled like any other call.
 */
final class HighProduct {
  private static final long LOW_32 = 0xFFFF_FFFFL;
  private static final MethodHandle OF = find();

  private HighProduct() {}

  static long of(long a, long b) {
    try {
      return (long) OF.invokeExact(a, b);
    } catch (Throwable thrown) {
      throw new AssertionError("A product throws nothing", thrown);
    }
  }

  /** The same without Java's help. */
  static long ofHalves(long a, long b) {
    long middle = (a >>> 32) * (b & LOW_32) + ((a & LOW_32) * (b & LOW_32) >>> 32);
    long other = (a & LOW_32) * (b >>> 32) + (middle & LOW_32);
    return (a >>> 32) * (b >>> 32) + (middle >>> 32) + (other >>> 32);
  }

  private static MethodHandle find() {
    try {
      return find(Math.class, "multiplyHigh");
    } catch (ReflectiveOperationException before9) {
      return own();
    }
  }

  private static MethodHandle own() {
    try {
      return find(HighProduct.class, "ofHalves");
    } catch (ReflectiveOperationException error) {
      throw new ExceptionInInitializerError(error);
    }
  }

  private static MethodHandle find(Class<?> owner, String name)
      throws ReflectiveOperationException {
    MethodType type = MethodType.methodType(long.class, long.class, long.class);
    return MethodHandles.lookup().findStatic(owner, name, type);
  }
}
