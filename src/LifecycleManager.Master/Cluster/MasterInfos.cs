using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <summary>A master as others get it.</summary>
internal static class MasterInfos
{
    private static readonly string Version = typeof(MasterInfos).Assembly.GetName().Version!.ToString(3);

    /// <summary>The master of a term at an address.</summary>
    public static MasterInfo Of(string id, Uri address)
    {
        var ip = IPAddress.TryParse(address.IdnHost, out var parsed) ? parsed : null;
        return new MasterInfo
        {
            Id = id,
            Ip = ip is { AddressFamily: AddressFamily.InterNetwork }
                ? BinaryPrimitives.ReadUInt32LittleEndian(ip.GetAddressBytes()) : 0,
            Port = address.Port,
            Pid = $"master@{address.Authority}",
            Hostname = address.Host,
            Version = Version,
            Address = new OfferAddress { Hostname = address.Host, Ip = ip?.ToString(), Port = address.Port },
        };
    }
}
