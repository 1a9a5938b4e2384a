using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LifecycleManager.Cli.Tests.Hosting;

/// <summary>HTTP by a socket: what no client would send, and how none would leave.</summary>
internal static class RawHttp
{
    /// <summary>Opens a connection.</summary>
    public static async Task<Socket> ConnectAsync(Uri address)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, address.Port);
        return socket;
    }

    /// <summary>The status of the answer; 0 where the connection is closed without one.</summary>
    public static async Task<int> StatusAsync(Socket socket, CancellationToken patience)
    {
        var head = new byte[13];
        for (var read = 0; read < head.Length;)
        {
            var more = await socket.ReceiveAsync(head.AsMemory(read), patience);
            if (more == 0) return 0;
            read += more;
        }

        return int.Parse(Encoding.Latin1.GetString(head, 9, 3), CultureInfo.InvariantCulture);
    }
}
