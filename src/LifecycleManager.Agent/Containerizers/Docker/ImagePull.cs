using System.Globalization;
using Docker.DotNet;
using Docker.DotNet.Models;
using LifecycleManager.Agent.Launching;

namespace LifecycleManager.Agent.Containerizers.Docker;

/// <summary>Pulls an image, and says how far it is.</summary>
internal static class ImagePull
{
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(5);

    /// <summary>Pulls until done.</summary>
    /// <exception cref="LaunchException">The image is not to be had.</exception>
    /// <exception cref="DockerUnavailableException">The engine has stopped answering.</exception>
    public static async Task RunAsync(
        DockerEngine engine, string image, AuthConfig credentials, Action<string> progress, TimeProvider time,
        CancellationToken cancellation)
    {
        var name = ImageName.Parse(image);
        var state = new PullProgress(image);
        long? told = null;
        var messages = new Sink(message =>
        {
            state.Take(message);
            if (told is { } at && time.GetElapsedTime(at) < Between) return;
            told = time.GetTimestamp();
            progress(state.ToString());
        });
        progress($"pulling {image}");
        told = time.GetTimestamp();
        try
        {
            await engine.LongCallAsync(
                async (client, token) =>
                {
                    var parameters = new ImagesCreateParameters { FromImage = name.Repository, Tag = name.Tag };
                    await client.Images.CreateImageAsync(parameters, credentials, messages, token);
                    return true;
                },
                cancellation);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested && e is not DockerUnavailableException)
        {
            throw new LaunchException($"the image {image} cannot be pulled: {DockerEngine.Reason(e)}");
        }

        if (state.Error is { } error) throw new LaunchException($"the image {image} cannot be pulled: {error}");
    }

    private sealed class Sink(Action<JSONMessage> take) : IProgress<JSONMessage>
    {
        public void Report(JSONMessage value) => take(value);
    }
}

/// <summary>Adds up the layers' progress.</summary>
internal sealed class PullProgress(string image)
{
    private const double Megabyte = 1024 * 1024;
    private readonly Dictionary<string, (long Current, long Total)> _layers = [];

    /// <summary>What went wrong, or null.</summary>
    public string? Error { get; private set; }

    public void Take(JSONMessage message)
    {
        if (message.Error is { } error) Error = error.Message;
        if (message.ID is not { } layer) return;
        if (message.Status == "Downloading" && message.Progress is { Total: > 0 } progress)
            _layers[layer] = (progress.Current ?? 0, progress.Total ?? 0);
        else if (message.Status is "Download complete" or "Pull complete" && _layers.TryGetValue(layer, out var known))
            _layers[layer] = (known.Total, known.Total);
    }

    public override string ToString()
    {
        var total = _layers.Values.Sum(layer => layer.Total);
        return total == 0 ? $"pulling {image}" : string.Create(CultureInfo.InvariantCulture,
            $"pulling {image}: {_layers.Values.Sum(layer => layer.Current) / Megabyte:F1} of {total / Megabyte:F1} MB");
    }
}
