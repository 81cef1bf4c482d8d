package daiscoring.jdbc;

import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.Driver;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;

/** Connects, and asks about tables. It sees the drivers that are in its own class loader. */
public final class Access {
    private Access() {
    }

    /**
     * Connect, without commits of its own; null if no driver takes the address.
     *
     * @param settings names and values, one after the other
     */
    public static Connection connect(String url, String[] settings) throws SQLException {
        Properties properties = new Properties();
        for (int i = 0; i < settings.length; i += 2) {
            properties.setProperty(settings[i], settings[i + 1]);
        }
        for (Driver driver : ServiceLoader.load(Driver.class, Access.class.getClassLoader())) {
            Connection connection = driver.acceptsURL(url) ? driver.connect(url, properties) : null;
            if (connection != null) {
                connection.setAutoCommit(false);
                return connection;
            }
        }
        return null;
    }

    /** The classes of all drivers; an error's message in place of one that cannot be loaded. */
    public static String[] drivers() {
        List<String> found = new ArrayList<>();
        try {
            for (Driver driver : ServiceLoader.load(Driver.class, Access.class.getClassLoader())) {
                found.add(driver.getClass().getName());
            }
        } catch (ServiceConfigurationError e) {
            found.add(e.getMessage());
        }
        return found.toArray(new String[0]);
    }

    /** The schema of tables whose name has none, or the catalogue in databases that have these instead. */
    public static String defaultSchema(Connection connection) throws SQLException {
        String[] place = place(connection, null);
        return place[1] == null ? place[0] : place[1];
    }

    /** The columns of a table: name, name of the type, and number of the type, one after the other. */
    public static String[] columnsOf(Connection connection, String schema, String table) throws SQLException {
        DatabaseMetaData about = connection.getMetaData();
        String[] place = place(connection, schema);
        List<String> found = new ArrayList<>();
        try (ResultSet rows = about.getColumns(place[0], escaped(about, place[1]), escaped(about, table), "%")) {
            while (rows.next()) {
                if (table.equals(rows.getString("TABLE_NAME"))) {
                    found.add(rows.getString("COLUMN_NAME"));
                    found.add(rows.getString("TYPE_NAME"));
                    found.add(Integer.toString(rows.getInt("DATA_TYPE")));
                }
            }
        }
        return found.toArray(new String[0]);
    }

    /** The columns of the primary key. */
    public static String[] keyOf(Connection connection, String schema, String table) throws SQLException {
        String[] place = place(connection, schema);
        List<String> found = new ArrayList<>();
        try (ResultSet rows = connection.getMetaData().getPrimaryKeys(place[0], place[1], table)) {
            while (rows.next()) {
                found.add(rows.getString("COLUMN_NAME"));
            }
        }
        return found.toArray(new String[0]);
    }

    /** The catalogue and the schema of a table. Some databases have catalogues in place of schemas. */
    private static String[] place(Connection connection, String schema) throws SQLException {
        String term = connection.getMetaData().getSchemaTerm();
        if (term == null || term.isEmpty()) {
            return new String[] {schema == null ? connection.getCatalog() : schema, null};
        }
        return new String[] {connection.getCatalog(), schema == null ? connection.getSchema() : schema};
    }

    private static String escaped(DatabaseMetaData about, String name) throws SQLException {
        String escape = about.getSearchStringEscape();
        if (name == null || escape == null || escape.isEmpty()) {
            return name;
        }
        return name.replace(escape, escape + escape).replace("_", escape + "_").replace("%", escape + "%");
    }
}
