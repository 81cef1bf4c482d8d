import org.apache.activemq.artemis.core.config.Configuration;
import org.apache.activemq.artemis.core.config.impl.ConfigurationImpl;
import org.apache.activemq.artemis.core.server.JournalType;
import org.apache.activemq.artemis.core.server.embedded.EmbeddedActiveMQ;

/** Artemis for STOMP on loopback, with its journal in a folder. Names are queues where they begin with /queue/. */
public final class Broker {
    private Broker() {
    }

    /** Arguments: the port, the folder. */
    public static void main(String[] args) throws Exception {
        Configuration configuration = new ConfigurationImpl();
        configuration.setSecurityEnabled(false);
        configuration.setPersistenceEnabled(true);
        configuration.setJournalType(JournalType.NIO);
        configuration.setBindingsDirectory(args[1] + "/bindings");
        configuration.setJournalDirectory(args[1] + "/journal");
        configuration.setLargeMessagesDirectory(args[1] + "/large");
        configuration.setPagingDirectory(args[1] + "/paging");
        configuration.setMaxDiskUsage(100);
        configuration.addAcceptorConfiguration(
                "stomp", "tcp://127.0.0.1:" + args[0] + "?protocols=STOMP;anycastPrefix=/queue/;multicastPrefix=/topic/");
        EmbeddedActiveMQ broker = new EmbeddedActiveMQ();
        broker.setConfiguration(configuration);
        broker.start();
        Thread.currentThread().join();
    }
}
