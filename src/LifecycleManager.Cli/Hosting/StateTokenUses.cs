using System.Text.Json;
using LifecycleManager.Security.Joining;
using LifecycleManager.Storage;

namespace LifecycleManager.Cli.Hosting;

/// <summary>The tokens that are used up, in the masters' state: what one master has taken, no other takes.</summary>
internal sealed class StateTokenUses(IStateStore store, TimeProvider time) : ITokenUses
{
    /// <summary>The beginning of their keys.</summary>
    public const string Prefix = "master/tokens/";

    /// <inheritdoc/>
    public async Task<TokenUse?> UseAsync(string token, TokenUse use, CancellationToken cancellation)
    {
        try
        {
            // What has ended is refused for that.
            List<StateWrite> writes = [];
            await foreach (var entry in store.ListAsync(Prefix, cancellation))
            {
                if (Read(entry).Until < time.GetUtcNow()) writes.Add(StateWrite.Delete(entry.Key));
            }

            writes.Add(new StateWrite(
                Prefix + token, JsonSerializer.SerializeToUtf8Bytes(use, TokenUse.Json), ExpectedVersion: 0));
            try
            {
                await store.WriteAsync(writes, fence: null, cancellation);
                return null;
            }
            catch (StateConflictException)
            {
                return await store.GetAsync(Prefix + token, cancellation) is { } entry ? Read(entry) : null;
            }
            catch (WriteOutcomeUnknownException e)
            {
                // Who asks again, with the same key, gets his answer if it was kept.
                throw new IOException(e.Message, e);
            }
        }
        catch (StateUnavailableException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    private static TokenUse Read(StateEntry entry)
    {
        try
        {
            return JsonSerializer.Deserialize(entry.Value.Span, TokenUse.Json)
                ?? throw new IOException($"'{entry.Key}' is empty");
        }
        catch (JsonException e)
        {
            throw new IOException($"'{entry.Key}' is damaged: {e.Message}", e);
        }
    }
}
