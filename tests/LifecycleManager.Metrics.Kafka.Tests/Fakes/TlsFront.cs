using System.Buffers.Binary;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace LifecycleManager.Metrics.Kafka.Tests.Fakes;

/// <summary>
/// TLS before a cluster of one broker: what the broker says of its own port is told as this one's, so that clients stay here.
/// </summary>
internal sealed class TlsFront : IDisposable
{
    private readonly Listener _listener;

    /// <param name="cluster">The cluster.</param>
    /// <param name="certificate">The certificate that is shown.</param>
    /// <param name="wantsCertificate">Whether the client has to show one.</param>
    public TlsFront(MockCluster cluster, X509Certificate2 certificate, bool wantsCertificate = false)
    {
        var broker = cluster.Ports.Single();
        _listener = new Listener(async stream =>
        {
            await using var tls = new SslStream(stream);
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
            {
                ServerCertificate = certificate,
                ClientCertificateRequired = wantsCertificate,
                RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null || !wantsCertificate,
            });
            using var behind = new TcpClient();
            await behind.ConnectAsync("127.0.0.1", broker);
            await using var plain = behind.GetStream();
            await Task.WhenAny(CopyAsync(tls, plain), AnswerAsync(plain, tls));
        });

        async Task AnswerAsync(Stream from, Stream to)
        {
            var size = new byte[4];
            while (await from.ReadAtLeastAsync(size, 4, throwOnEndOfStream: false) == 4)
            {
                var answer = new byte[BinaryPrimitives.ReadInt32BigEndian(size)];
                await from.ReadExactlyAsync(answer);
                Replace(answer, broker, _listener!.Port);
                await to.WriteAsync(size);
                await to.WriteAsync(answer);
            }
        }
    }

    public string Address => _listener.Address;

    public void Dispose() => _listener.Dispose();

    private static async Task CopyAsync(Stream from, Stream to) => await from.CopyToAsync(to);

    // A port stands as 32 bits after its host.
    private static void Replace(byte[] answer, int port, int other)
    {
        var host = "127.0.0.1"u8;
        for (var from = 0; answer.AsSpan(from).IndexOf(host) is var at and >= 0;)
        {
            from += at + host.Length;
            if (answer.Length - from < 4) return;
            var place = answer.AsSpan(from, 4);
            if (BinaryPrimitives.ReadInt32BigEndian(place) == port) BinaryPrimitives.WriteInt32BigEndian(place, other);
        }
    }
}
