using MudBlazor;

namespace LifecycleManager.Console.Components;

/// <summary>Asks before something is done, and says what came of it.</summary>
internal static class Asking
{
    /// <summary>Asks; null where it is not wanted, else whether by force.</summary>
    /// <param name="dialogs">The page's dialogs.</param>
    /// <param name="title">What is asked.</param>
    /// <param name="button">The word on the button.</param>
    /// <param name="effects">What will be done.</param>
    /// <param name="isGrave">Whether it ends what runs.</param>
    /// <param name="locked">What stands in the way and what force would do; null where nothing does.</param>
    /// <param name="mayLeave">Whether it may be asked for without force all the same.</param>
    public static async Task<bool?> AskAsync(
        this IDialogService dialogs, string title, string button, IReadOnlyList<string> effects, bool isGrave = false,
        string? locked = null, bool mayLeave = false)
    {
        var dialog = await dialogs.ShowAsync<Ask>(title, new DialogParameters<Ask>
        {
            { ask => ask.Title, title }, { ask => ask.Do, button }, { ask => ask.Effects, effects },
            { ask => ask.IsGrave, isGrave }, { ask => ask.Lock, locked }, { ask => ask.MayLeave, mayLeave },
        });
        return await dialog.Result is { Canceled: false, Data: bool force } ? force : null;
    }

    /// <summary>Says that it was done, or why not: that stays until it was read.</summary>
    public static void Tell(this ISnackbar notes, string done, string? refusal)
    {
        if (refusal is null) notes.Add(done, Severity.Success);
        else notes.Add(refusal, Severity.Error, note => note.RequireInteraction = true);
    }
}
