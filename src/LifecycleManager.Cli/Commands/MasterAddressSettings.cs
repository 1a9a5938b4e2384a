using System.CommandLine;
using System.Text.Json;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Clients.Addresses;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Storage.ZooKeeper;

namespace LifecycleManager.Cli.Commands;

/// <summary>The masters of an agent or a scheduler: their addresses, or a ZooKeeper in which they are looked up.</summary>
internal sealed class MasterAddressSettings
{
    private const string ZooKeeper = "zk://";
    private readonly Option<string?> _masters;
    private readonly Option<string?> _passwordFile;

    /// <param name="command">Gets the options.</param>
    /// <param name="settings">Where they are set otherwise.</param>
    /// <param name="whose">Whose masters they may be, for people: <c>: ours, or a real Mesos'</c>.</param>
    public MasterAddressSettings(Command command, Settings settings, string whose)
    {
        _masters = Setting.Of<string?>(settings, "--master",
            $"The masters, comma separated{whose}; or where they are looked up: zk://HOST1:2181,HOST2:2181/PATH", Checked,
            () => null, $"those that were joined, or {MasterCommand.Here}");
        _passwordFile = Setting.Of<string?>(settings, "--master-zk-password-file",
            "A file with the password of the user in zk://USER@HOST/PATH", Values.ReadableFile, () => null);
        command.Add(_masters);
        command.Add(_passwordFile);
    }

    /// <summary>
    /// The masters' addresses, or those of the ZooKeeper's servers; where nothing is said those that were joined, else this
    /// machine's.
    /// </summary>
    public IReadOnlyList<Uri> Addresses(ParseResult parse, IReadOnlyList<Uri> joined) => parse.GetValue(_masters) is { } text
        ? IsZooKeeper(text) ? Leaders(parse, text).Servers : Values.Urls(text)
        : joined.Count > 0 ? joined : [MasterCommand.Here];

    /// <summary>Where the masters are looked up; null where their addresses are given.</summary>
    public AddressDirectory? Directory(ParseResult parse)
    {
        if (parse.GetValue(_masters) is not { } text || !IsZooKeeper(text)) return null;
        var leaders = Leaders(parse, text);
        return new AddressDirectory(leaders.Servers[0], async cancellation =>
        {
            var (leader, nodes) = await leaders.LookAsync(MasterCommand.Name, MasterInfo.NodePrefix, cancellation);

            // A Mesos' node does not say whether its master speaks TLS; what our masters write into their election does.
            return leader is null ? [.. nodes.Select(Address).OfType<Uri>()] : [new Uri(leader)];
        });
    }

    /// <summary>Where a master's node says that it is reached; null where it does not say.</summary>
    internal static Uri? Address(byte[] node)
    {
        try
        {
            var info = JsonSerializer.Deserialize(node, MesosJson.Default.MasterInfo);
            return (info?.Address?.Hostname ?? info?.Address?.Ip ?? info?.Hostname) is { Length: > 0 } host
                && (info!.Address?.Port ?? info.Port) is > 0 and <= ushort.MaxValue and var port
                && Uri.CheckHostName(host) != UriHostNameType.Unknown
                ? new UriBuilder("http", host, port).Uri : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private LeaderDirectory Leaders(ParseResult parse, string text)
    {
        try
        {
            var password = parse.GetValue(_passwordFile) is { } file ? Secrets.Read(file) : null;
            return new LeaderDirectory(text, password, TimeProvider.System);
        }
        catch (ArgumentException e)
        {
            throw new CliException($"--master: {e.Message}", e);
        }
    }

    private static string Checked(string text)
    {
        if (!IsZooKeeper(text)) _ = Values.Urls(text);
        else if (text.Contains(ZooKeeper, StringComparison.Ordinal) && text.LastIndexOf(ZooKeeper, StringComparison.Ordinal) > 0)
            throw new FormatException("a ZooKeeper's servers stand between zk:// and the path, comma separated");
        return text;
    }

    private static bool IsZooKeeper(string text) => text.StartsWith(ZooKeeper, StringComparison.Ordinal);
}
