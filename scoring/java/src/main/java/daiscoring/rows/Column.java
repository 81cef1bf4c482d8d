package daiscoring.rows;

import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Set;

/** An input of the model, as dai_scoring/schema.py describes it. */
public final class Column {
    final String name;
    /** By the name it has in Driverless AI; "Level" for a category whose levels the model takes as indices. */
    final String type;
    /** The texts that mean a missing value. */
    final Set<String> literals;
    /** The levels of a category in the order of their indices, else null. */
    final String[] levels;
    /** Of a category the texts that stand for true and false, else null. */
    final String[] truths;
    /** Whether a row without a value cannot be scored. */
    final boolean required;
    /** Whether numbers in text may have $ before and % behind them. */
    final boolean withSigns;

    public Column(
            String name, String type, String[] missing, String[] levels, String[] truths, boolean required,
            boolean withSigns) {
        this.name = name;
        this.type = type;
        this.literals = Set.of(new LinkedHashSet<>(Arrays.asList(missing)).toArray(new String[0]));
        this.levels = levels;
        this.truths = truths;
        this.required = required;
        this.withSigns = withSigns;
    }

    /** The same column with further texts that mean a missing value. */
    Column withMissing(Iterable<String> further) {
        Set<String> all = new LinkedHashSet<>(literals);
        further.forEach(all::add);
        return new Column(name, type, all.toArray(new String[0]), levels, truths, required, withSigns);
    }

    String[] missing() {
        return literals.toArray(new String[0]);
    }

    /** Those of the literals that are numbers. */
    double[] missingNumbers() {
        return literals.stream().filter(TextNumbers::isNumber).mapToDouble(Double::parseDouble).toArray();
    }
}
