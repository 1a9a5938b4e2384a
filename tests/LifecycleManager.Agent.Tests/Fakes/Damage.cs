namespace LifecycleManager.Agent.Tests.Fakes;

/// <summary>What disks, crashes and people do to files.</summary>
internal static class Damage
{
    /// <summary>Cuts a file, writes garbage or zeros over a part of it, or deletes it.</summary>
    /// <returns>What was done, for people.</returns>
    public static string Do(string path, Random random)
    {
        var bytes = File.ReadAllBytes(path);
        var offset = random.Next(bytes.Length + 1);
        var part = bytes.AsSpan(offset, Math.Min(bytes.Length - offset, 1 + random.Next(200)));
        switch (random.Next(5))
        {
            case 0:
                File.WriteAllBytes(path, bytes[..offset]);
                return $"{path} cut at {offset}";
            case 1:
                random.NextBytes(part);
                File.WriteAllBytes(path, bytes);
                return $"{path} with {part.Length} bytes of garbage at {offset}";
            case 2:
                part.Clear();
                File.WriteAllBytes(path, bytes);
                return $"{path} with {part.Length} zeros at {offset}";
            case 3 when bytes.Length > 0:
                // One letter or digit for another: what is left may well be valid.
                offset = random.Next(bytes.Length);
                bytes[offset] = (byte)"0123456789abcdefghijklmnopqrstuvwxyz"[random.Next(36)];
                File.WriteAllBytes(path, bytes);
                return $"{path} with '{(char)bytes[offset]}' at {offset}";
            default:
                File.Delete(path);
                return $"{path} deleted";
        }
    }
}
