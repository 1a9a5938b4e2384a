namespace LifecycleManager.Runtime.Loops;

/// <summary>The owner of some state: its <see cref="OwnerLoop{TInput}"/> alone touches it, one turn after the other.</summary>
/// <typeparam name="TInput">What the owner is told and asked.</typeparam>
public interface IOwner<TInput>
{
    /// <summary>
    /// How long until something is due, by the monotonic clock; zero and less for at once, null while nothing is.
    /// </summary>
    TimeSpan? NextDue { get; }

    /// <summary>
    /// Takes inputs in the order of their arrival and does what is due. An exception ends the loop: nothing goes on with state
    /// that may be changed by half. A call that is refused, or whose answer could not be computed, is answered and does not throw
    /// here.
    /// </summary>
    /// <param name="inputs">Empty where nothing came: at the beginning, and when only something is due. Valid during the
    /// turn.</param>
    /// <param name="cancellation">The loop ends.</param>
    ValueTask TurnAsync(IReadOnlyList<TInput> inputs, CancellationToken cancellation);

    /// <summary>
    /// Tells whoever waits for an input's answer that there will be none. Called for inputs that wait when the loop ends, and for
    /// those of a turn that threw, answered or not.
    /// </summary>
    /// <param name="input">The input.</param>
    /// <param name="cause">Why the loop failed; null where it was told to end.</param>
    void Abandon(TInput input, Exception? cause);
}
