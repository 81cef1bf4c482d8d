package daiscoring.records;

import daiscoring.DeclinedException;
import daiscoring.TextColumn;

/** Takes the values of records, one record after the other. For one thread. */
abstract class Target {
    /** The record with this number begins. */
    abstract void begin(int row);

    /** The column's value is a text, read as {@code reader} says; eight bytes follow it. */
    abstract void text(int column, TextColumn reader, byte[] data, int from, int to) throws DeclinedException;

    /** The column's value is a number in double precision; NaN is missing. The column must be one of numbers. */
    abstract void number(int column, double value) throws DeclinedException;

    /** The column's value is an integer. The column must be one of numbers, of times (milliseconds) or of truths. */
    abstract void integer(int column, long value) throws DeclinedException;

    /** The column's value is the level with this index, or {@link daiscoring.Levels#UNSEEN}. */
    abstract void level(int column, int level) throws DeclinedException;

    /** The record has no value for the column. */
    abstract void missing(int column);
}
