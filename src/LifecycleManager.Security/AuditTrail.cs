using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Security;

/// <summary>
/// What people change, of each role in one form: a line of its log, in the category <see cref="Category"/>, and a line of
/// <see cref="AuditFile"/> where the role has one. The calls of frameworks, agents and other roles are not people's.
/// </summary>
public static partial class AuditTrail
{
    /// <summary>The log's category.</summary>
    public const string Category = "LifecycleManager.Audit";

    private const int MaxSubject = 2_000;
    private static readonly object Client = new();

    /// <summary>Records what a call has changed; for whoever has changed it.</summary>
    /// <param name="context">The call.</param>
    /// <param name="what">What was done.</param>
    /// <param name="subject">To what; null for all.</param>
    /// <param name="reason">Why, in plain words; null where nobody said.</param>
    /// <param name="after">What is in force from then on; null where that is not known.</param>
    public static void Record(
        HttpContext context, string what, string? subject, string? reason = null, JsonElement? after = null)
    {
        ArgumentNullException.ThrowIfNull(context);
        var now = (context.RequestServices.GetService<TimeProvider>() ?? TimeProvider.System).GetUtcNow();
        Write(context.RequestServices, new AuditEntry
        {
            Id = Guid.CreateVersion7(now).ToString("N"),
            At = now,
            Who = AccessControl.PrincipalOf(context)?.Name,
            What = what,
            Subject = subject is { Length: > MaxSubject } ? subject[..MaxSubject] + "..." : subject,
            From = AddressOf(context),
            Reason = reason,
            After = after,
        });
    }

    /// <summary>Writes an entry.</summary>
    public static void Write(IServiceProvider services, AuditEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (services.GetService<ILoggerFactory>() is { } loggers)
        {
            LogEntry(loggers.CreateLogger(Category), entry.Who ?? "somebody", entry.From, entry.What, entry.Subject, entry.Before,
                entry.After, entry.Reason);
        }

        services.GetService<AuditFile>()?.Write(entry);
    }

    /// <summary>
    /// The address that a call comes from, of one that was passed on the client's where that is proved; null where it is not
    /// known.
    /// </summary>
    public static string? AddressOf(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var address = context.Items[Client] as IPAddress ?? context.Connection.RemoteIpAddress;
        return (address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address)?.ToString();
    }

    /// <summary>Says where a call that was passed on comes from; null where that is not proved.</summary>
    internal static void PassedOn(HttpContext context, IPAddress? client) => context.Items[Client] = client;

    [LoggerMessage(LogLevel.Information, "{Who} at {From}: {What} {Subject}: from {Before} to {After}: {Reason}")]
    private static partial void LogEntry(
        ILogger log, string who, string? from, string what, string? subject, JsonElement? before, JsonElement? after,
        string? reason);
}
