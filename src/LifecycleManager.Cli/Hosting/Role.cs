using System.Net;
using LifecycleManager.Runtime.Following;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace LifecycleManager.Cli.Hosting;

/// <summary>A role as one process runs it: where it listens and what it is made of.</summary>
/// <param name="Name">For people: <c>master</c>.</param>
/// <param name="PortOption">The option that moves its port, for the error when the port is taken.</param>
/// <param name="Listen">The addresses and ports it listens on; the first is the one shown.</param>
/// <param name="Add">Adds the room's services.</param>
/// <param name="Map">Maps the room's endpoints.</param>
public sealed record Role(
    string Name, string PortOption, IReadOnlyList<IPEndPoint> Listen, Action<IServiceCollection> Add, Action<WebApplication> Map)
{
    /// <summary>
    /// The address of its state, <c>sqlite:PATH</c>, <c>postgres://…</c> or <c>zk://…</c>; null for a role without.
    /// </summary>
    public string? State { get; init; }

    /// <summary>The password of the state, or null.</summary>
    public string? StatePassword { get; init; }

    /// <summary>Its TLS, which may change; null serves without, unless <see cref="Kestrel"/> says otherwise.</summary>
    public FollowedFiles<ServerTls>? Tls { get; init; }

    /// <summary>What else of it may change while it runs: credentials, secrets, authorities.</summary>
    public IReadOnlyList<IFollowed?> Followed { get; init; } = [];

    /// <summary>The hosts by which it may be called; null for every one, which is for roles that ask who calls.</summary>
    public AllowedHosts? Hosts { get; init; } = new();

    /// <summary>Whether browsers are told to speak TLS alone to every port of its name, for a year.</summary>
    public bool IsStrict { get; init; }

    /// <summary>What its log says at the start and its health at all times: how it was started.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>The file of its audit; null for none beside its log.</summary>
    public string? AuditFile { get; init; }

    /// <summary>Connections open at once; further ones are closed.</summary>
    public int MaxConnections { get; init; } = 20_000;

    /// <summary>
    /// Kestrel's own section of the settings, or null. Its <c>Endpoints</c>, where there are any, are listened on instead of
    /// <see cref="Listen"/>; its <c>Limits</c> win over ours.
    /// </summary>
    public IConfigurationSection? Kestrel { get; init; }
}
