using System.Net;
using System.Text;

namespace LifecycleManager.Clients.Masters;

/// <summary>A master has answered with an error.</summary>
/// <param name="status">The answer's status.</param>
/// <param name="reason">Its body, as far as it is of use to people.</param>
public sealed class MasterRefusalException(HttpStatusCode status, string reason)
    : Exception($"it answered {(int)status} {reason}".TrimEnd())
{
    private const int MaxReason = 4 * 1024;

    /// <summary>The answer's status.</summary>
    public HttpStatusCode Status { get; } = status;

    /// <summary>The answer's body, its beginning, in one line.</summary>
    public string Reason { get; } = reason;

    internal static async Task<MasterRefusalException> ReadAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        var buffer = new byte[MaxReason];
        await using var body = await answer.Content.ReadAsStreamAsync(cancellation);
        var length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellation);
        return new MasterRefusalException(
            answer.StatusCode, Encoding.UTF8.GetString(buffer, 0, length).ReplaceLineEndings(" ").Trim());
    }
}
