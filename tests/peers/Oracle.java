// Judges chains as an HTTPS client of Java does, by its trust manager: one line a chain, one JSON object a line as an answer.
//
// A line is what oracle.py describes, in words: at, host, the number of sent certificates, all certificates in base64.
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.security.KeyStore;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.function.BiFunction;
import javax.net.ssl.CertPathTrustManagerParameters;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSessionContext;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

public class Oracle {
    public static void main(String[] arguments) throws Exception {
        System.out.println("\"Java " + System.getProperty("java.version") + "\"");
        var input = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = input.readLine()) != null; ) {
            String reason;
            try {
                reason = judge(line.split(" "));
            } catch (Throwable error) {
                Throwable cause = error;
                while (cause.getCause() != null) {
                    cause = cause.getCause();
                }
                reason = cause.getClass().getSimpleName() + ": " + cause.getMessage();
            }
            reason = reason.replaceAll("[^ -~]", "?").replace("\\", "/").replace("\"", "'");
            System.out.println("{\"Java\":\"" + reason + "\"}");
        }
    }

    static String judge(String[] words) throws Exception {
        var factory = CertificateFactory.getInstance("X.509");
        int sent = Integer.parseInt(words[2]);
        List<X509Certificate> chain = new ArrayList<>();
        var store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        for (int index = 3; index < words.length; index++) {
            byte[] der = Base64.getDecoder().decode(words[index]);
            var stream = new ByteArrayInputStream(der);
            var certificate = (X509Certificate) factory.generateCertificate(stream);
            if (stream.available() > 0) {
                throw new java.security.cert.CertificateException("trailing bytes");
            }
            if (index - 3 < sent) {
                chain.add(certificate);
            } else {
                store.setCertificateEntry("root" + index, certificate);
            }
        }
        var parameters = new PKIXBuilderParameters(store, new X509CertSelector());
        parameters.setDate(new Date(Long.parseLong(words[0]) * 1000));
        parameters.setRevocationEnabled(false);
        var managers = TrustManagerFactory.getInstance("PKIX");
        managers.init(new CertPathTrustManagerParameters(parameters));
        var manager = (X509ExtendedTrustManager) managers.getTrustManagers()[0];
        String kind = chain.get(0).getPublicKey().getAlgorithm().startsWith("RSA") ? "ECDHE_RSA" : "ECDHE_ECDSA";
        manager.checkServerTrusted(chain.toArray(new X509Certificate[0]), kind, new Engine(words[1]));
        return "";
    }

    // The part of a handshake that the trust manager asks for: the host, and that its name is to be checked.
    static class Engine extends SSLEngine {
        private final String host;

        Engine(String host) {
            super(host, 443);
            this.host = host;
        }

        @Override public SSLSession getHandshakeSession() { return new Session(host); }
        @Override public SSLParameters getSSLParameters() {
            var parameters = new SSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            return parameters;
        }
        @Override public SSLEngineResult wrap(ByteBuffer[] a, int b, int c, ByteBuffer d) { return null; }
        @Override public SSLEngineResult unwrap(ByteBuffer a, ByteBuffer[] b, int c, int d) { return null; }
        @Override public Runnable getDelegatedTask() { return null; }
        @Override public void closeInbound() {}
        @Override public boolean isInboundDone() { return false; }
        @Override public void closeOutbound() {}
        @Override public boolean isOutboundDone() { return false; }
        @Override public String[] getSupportedCipherSuites() { return new String[0]; }
        @Override public String[] getEnabledCipherSuites() { return new String[0]; }
        @Override public void setEnabledCipherSuites(String[] suites) {}
        @Override public String[] getSupportedProtocols() { return new String[0]; }
        @Override public String[] getEnabledProtocols() { return new String[0]; }
        @Override public void setEnabledProtocols(String[] protocols) {}
        @Override public SSLSession getSession() { return null; }
        @Override public void beginHandshake() {}
        @Override public SSLEngineResult.HandshakeStatus getHandshakeStatus() { return null; }
        @Override public void setUseClientMode(boolean mode) {}
        @Override public boolean getUseClientMode() { return true; }
        @Override public void setNeedClientAuth(boolean need) {}
        @Override public boolean getNeedClientAuth() { return false; }
        @Override public void setWantClientAuth(boolean want) {}
        @Override public boolean getWantClientAuth() { return false; }
        @Override public void setEnableSessionCreation(boolean flag) {}
        @Override public boolean getEnableSessionCreation() { return true; }
    }

    static class Session extends ExtendedSSLSession {
        // What Java 17 offers by itself.
        private static final String[] SIGNATURES = {
            "SHA256withECDSA", "SHA384withECDSA", "SHA512withECDSA", "Ed25519", "Ed448", "RSASSA-PSS",
            "SHA256withRSA", "SHA384withRSA", "SHA512withRSA", "SHA256withDSA", "SHA224withECDSA",
            "SHA224withRSA", "SHA224withDSA", "SHA1withECDSA", "SHA1withRSA", "SHA1withDSA",
        };
        private final String host;

        Session(String host) {
            this.host = host;
        }

        @Override public String[] getLocalSupportedSignatureAlgorithms() { return SIGNATURES; }
        @Override public String[] getPeerSupportedSignatureAlgorithms() { return SIGNATURES; }
        @Override public List<SNIServerName> getRequestedServerNames() { return List.of(); }
        @Override public List<byte[]> getStatusResponses() { return List.of(); }
        @Override public String getPeerHost() { return host; }
        @Override public int getPeerPort() { return 443; }
        @Override public String getProtocol() { return "TLSv1.2"; }
        @Override public String getCipherSuite() { return "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"; }
        @Override public byte[] getId() { return new byte[0]; }
        @Override public SSLSessionContext getSessionContext() { return null; }
        @Override public long getCreationTime() { return 0; }
        @Override public long getLastAccessedTime() { return 0; }
        @Override public void invalidate() {}
        @Override public boolean isValid() { return true; }
        @Override public void putValue(String name, Object value) {}
        @Override public Object getValue(String name) { return null; }
        @Override public void removeValue(String name) {}
        @Override public String[] getValueNames() { return new String[0]; }
        @Override public java.security.cert.Certificate[] getPeerCertificates() { return null; }
        @Override public java.security.cert.Certificate[] getLocalCertificates() { return null; }
        @Override public java.security.Principal getPeerPrincipal() { return null; }
        @Override public java.security.Principal getLocalPrincipal() { return null; }
        @Override public int getPacketBufferSize() { return 0; }
        @Override public int getApplicationBufferSize() { return 0; }
    }
}
