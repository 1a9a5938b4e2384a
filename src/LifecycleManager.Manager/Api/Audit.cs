using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LifecycleManager.Manager.Auditing;
using LifecycleManager.Manager.Evaluation;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace LifecycleManager.Manager.Api;

/// <summary>How calls that change something get into the audit.</summary>
internal static class Audit
{
    /// <summary>
    /// Records what a call has changed; for whoever has stored a change. Where no manager leads any more, the log alone has it.
    /// </summary>
    /// <typeparam name="T">What is changed.</typeparam>
    /// <param name="http">The call.</param>
    /// <param name="what">What was done, in a word or two.</param>
    /// <param name="subject">The app or the policy; null for all.</param>
    /// <param name="before">What was in force before; null for nothing.</param>
    /// <param name="after">What is in force now; null for nothing.</param>
    /// <param name="type">How it is written.</param>
    /// <param name="reason">Why, in plain words; null where nobody said.</param>
    public static async Task RecordAsync<T>(
        HttpContext http, string what, string? subject, T? before, T? after, JsonTypeInfo<T> type, string? reason = null)
        where T : class
    {
        var term = http.RequestServices.GetRequiredService<ManagerState>().Term;
        if (term is null) return;
        var added = await term.Audit.AddAsync(
            new AuditEntry
            {
                Id = "",
                At = default,
                Who = AccessControl.PrincipalOf(http)?.Name,
                What = what,
                Subject = subject,
                From = AuditTrail.AddressOf(http),
                Reason = reason,
                Before = before is null ? null : JsonSerializer.SerializeToElement(before, type),
                After = after is null ? null : JsonSerializer.SerializeToElement(after, type),
            },
            term.Fence);
        AuditTrail.Write(http.RequestServices, added);
    }
}
