import java.io.File;
import org.apache.activemq.broker.BrokerService;

/** An ActiveMQ with a store in a folder: {@code Broker PORT FOLDER [MEMORY]}, in bytes. A key store gives it TLS. */
public final class Broker {
    public static void main(String[] arguments) throws Exception {
        BrokerService broker = new BrokerService();
        broker.setBrokerName("test");
        broker.setUseJmx(false);
        broker.setUseShutdownHook(false);
        broker.setDataDirectoryFile(new File(arguments[1]));
        String scheme = System.getProperty("javax.net.ssl.keyStore") == null ? "stomp" : "stomp+ssl";
        broker.addConnector(scheme + "://127.0.0.1:" + arguments[0]);
        broker.getSystemUsage().getStoreUsage().setLimit(1L << 30);
        broker.getSystemUsage().getTempUsage().setLimit(1L << 28);
        if (arguments.length > 2) {
            broker.getSystemUsage().getMemoryUsage().setLimit(Long.parseLong(arguments[2]));
        }
        broker.start();
        broker.waitUntilStopped();
    }
}
