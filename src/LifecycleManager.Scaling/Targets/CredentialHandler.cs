using System.Net.Http.Headers;
using System.Text;

namespace LifecycleManager.Scaling.Targets;

/// <summary>Adds the credentials of <see cref="TargetOptions"/> to each request; files are read again when they change.</summary>
internal sealed class CredentialHandler(TargetOptions options) : DelegatingHandler
{
    private const int LongestSecret = 64 * 1024;
    private const string NomadHeader = "X-Nomad-Token";
    private readonly Lock _lock = new();
    private (string File, DateTime Changed, string Text)? _read;

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (options.TokenFile is { } tokenFile)
        {
            var token = Read(tokenFile);
            if (options.Kind == TargetKind.Nomad) request.Headers.Add(NomadHeader, token);
            else if (HasScheme(token)) request.Headers.TryAddWithoutValidation("Authorization", token);
            else request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
        else if (options.User is { } user && options.PasswordFile is { } passwordFile)
        {
            var pair = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{Read(passwordFile)}"));
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", pair);
        }

        return base.SendAsync(request, cancellationToken);
    }

    private static bool HasScheme(string token) =>
        token.Contains(' ', StringComparison.Ordinal) || token.StartsWith("token=", StringComparison.Ordinal);

    private string Read(string file)
    {
        lock (_lock)
        {
            try
            {
                // Kubernetes replaces a token by a symbolic link to another file, whose own time is what counts.
                var target = File.ResolveLinkTarget(file, returnFinalTarget: true)?.FullName ?? file;
                var changed = File.GetLastWriteTimeUtc(target);
                if (_read is { } read && read.File == target && read.Changed == changed) return read.Text;
                if (new FileInfo(target).Length > LongestSecret) throw new IOException("it is too long for a secret");
                var text = File.ReadAllText(target).Trim();
                if (text.Length == 0 || text.Any(char.IsControl)) throw new IOException("it does not hold one line of text");
                _read = (target, changed, text);
                return text;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new TargetCredentialException($"the credentials in {file} cannot be read: {e.Message}", e);
            }
        }
    }
}

/// <summary>The credentials cannot be read.</summary>
internal sealed class TargetCredentialException(string message, Exception inner) : Exception(message, inner);
